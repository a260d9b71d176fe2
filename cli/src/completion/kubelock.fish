# fish completion of kubelock
function __kubelock_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l last (commandline --current-token --cut-at-cursor)
    $words[1] __complete $words[2..-1] "$last" 2>/dev/null | string match --invert --regex '^:\d+$'
end
complete --command kubelock --no-files --keep-order --arguments '(__kubelock_complete)'
