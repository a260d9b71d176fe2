#compdef kubelock
# zsh completion of kubelock

# Runs the program that was typed, where it is named by ~ or a variable, too.
_kubelock_ask() {
    local program=$1 head='^(~[[:alnum:]_.-]*|\$\{?[[:alpha:]_][[:alnum:]_]*\}?)/'
    [[ $program =~ $head ]] && eval "program=${match[1]}/\${program#*/}"
    "$program" __complete "${@:2}"
}

_kubelock() {
    local -a lines candidates options
    local line value directive
    lines=("${(@f)$(_kubelock_ask "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    [[ ${lines[-1]} == :<-> ]] || return
    directive=${lines[-1]#:}
    for line in "${(@)lines[1,-2]}"; do
        # _describe takes a \ as its escape, and a : as the end of the value.
        value=${${${line%%$'\t'*}//\\/\\\\}//:/\\:}
        if [[ $line == *$'\t'* ]]; then
            candidates+=("${value}:${line#*$'\t'}")
        else
            candidates+=("${value}")
        fi
    done
    if (( directive & 2 )); then
        options=(-S '')
    fi
    _describe -t kubelock kubelock candidates "${(@)options}"
    if ! (( directive & 4 )); then
        _files
    fi
}
if [[ ${funcstack[1]} == _kubelock ]]; then
    _kubelock "$@"
else
    compdef _kubelock kubelock
fi
