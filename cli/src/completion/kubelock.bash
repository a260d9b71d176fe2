# bash completion of kubelock

# Cuts a line into `words`, unquoted, as bash would; nothing in it is expanded or run.
# A quote that is open at its end is left in `quote`.
_kubelock_cut() {
    local line=$1 last=0 char
    words=("") quote=
    while [[ -n $line ]]; do
        char=${line:0:1} line=${line:1}
        case $quote$char in
            "''" | '""') quote= ;;
            "'" | '"') quote=$char ;;
            [[:space:]])
                line=${line#"${line%%[![:space:]]*}"}
                words[++last]=
                ;;
            \\ | '"\')
                [[ -n $quote && $line != [\"\\\$\`]* ]] && words[last]+=$char
                words[last]+=${line:0:1} line=${line:1}
                ;;
            *) words[last]+=$char ;;
        esac
    done
}

# Runs the program that was typed, where it is named by ~ or a variable, too.
_kubelock_ask() {
    local program=$1 head='^(~[[:alnum:]_.-]*|\$\{?[[:alpha:]_][[:alnum:]_]*\}?)/'
    [[ $program =~ $head ]] && eval "program=${BASH_REMATCH[1]}/\${program#*/}"
    "$program" __complete "${@:2}"
}

_kubelock() {
    local line=${COMP_LINE:0:COMP_POINT} directive=0 candidate head quote special
    local -a words
    # readline begins a word of its own behind = and : and an open quote.
    _kubelock_cut "${line%"$2"}"
    head=${words[${#words[@]}-1]}
    _kubelock_cut "$line"
    COMPREPLY=()
    while IFS= read -r candidate; do
        if [[ $candidate =~ ^:[0-9]+$ ]]; then
            directive=${candidate#:}
            continue
        fi
        candidate=${candidate%%$'\t'*}
        candidate=${candidate#"$head"}
        # No name is a command: some kinds of objects may have $(…) in theirs.
        case $quote in
            \') candidate=${candidate//\'/"'\\''"} ;;
            \")
                for special in \\ \" \$ \`; do
                    candidate=${candidate//"$special"/"\\$special"}
                done
                ;;
            *) [[ -n $candidate ]] && printf -v candidate %q "$candidate" ;;
        esac
        COMPREPLY+=("$candidate")
    done < <(_kubelock_ask "${words[@]}" 2>/dev/null)
    if ((directive & 2)); then
        compopt -o nospace 2>/dev/null
    fi
    if ! ((directive & 4)); then
        compopt -o default 2>/dev/null
    fi
}
complete -F _kubelock kubelock
