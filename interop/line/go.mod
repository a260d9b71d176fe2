module kubelock.test/line

go 1.26
