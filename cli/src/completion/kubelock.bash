# bash completion of kubelock
_kubelock() {
    local line=${COMP_LINE:0:COMP_POINT} directive=0 candidate last
    local -a words
    read -ra words <<<"$line"
    # Behind a space a new word begins.
    [[ $line == *[[:space:]] ]] && words+=("")
    last=${words[${#words[@]}-1]}
    COMPREPLY=()
    while IFS= read -r candidate; do
        if [[ $candidate == :* ]]; then
            directive=${candidate#:}
        else
            candidate=${candidate%%$'\t'*}
            # readline begins a word of its own behind = and :
            candidate=${candidate#"${last%"$2"}"}
            # No name is a command: some kinds of objects may have $(…) in theirs.
            [[ -n $candidate ]] && printf -v candidate %q "$candidate"
            COMPREPLY+=("$candidate")
        fi
    done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    if ((directive & 2)); then
        compopt -o nospace 2>/dev/null
    fi
    if ! ((directive & 4)); then
        compopt -o default 2>/dev/null
    fi
}
complete -F _kubelock kubelock
