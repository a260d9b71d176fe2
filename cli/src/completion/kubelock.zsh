#compdef kubelock
# zsh completion of kubelock
_kubelock() {
    local -a lines candidates options
    local line value directive
    lines=("${(@f)$("${words[1]}" __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    directive=${lines[-1]#:}
    for line in "${(@)lines[1,-2]}"; do
        value=${line%%$'\t'*}
        if [[ $line == *$'\t'* ]]; then
            candidates+=("${value//:/\\:}:${line#*$'\t'}")
        else
            candidates+=("${value//:/\\:}")
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
