# fish completion of kubelock
function __kubelock_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l last (commandline --current-token --cut-at-cursor)
    # A quote may be open.
    set last (string unescape -- $last; or string unescape -- $last\"; or string unescape -- $last\')
    # A program that is named by ~ or a variable is not yet what these stand for.
    if string match --quiet --regex '^(~[\w.-]*|\$\w+)/' -- $words[1]
        set -l parts (string split --max 1 / -- $words[1])
        eval set parts[1] $parts[1]
        set words[1] (string join / -- $parts)
    end
    # fish would say that there is no such program.
    type --query -- $words[1]; or return
    $words[1] __complete $words[2..-1] "$last" 2>/dev/null | string match --invert --regex '^:\d+$'
end
complete --command kubelock --no-files --keep-order --arguments '(__kubelock_complete)'
