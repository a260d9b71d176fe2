// Leader-election is a candidate: it leads when its Lease lets it, until its standard input ends.
//
// It says "leading" and "stopped leading" of itself, and "leader NAME" of whomever it sees lead.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

var (
	kubeconfig = flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "path of the kubeconfig")
	namespace  = flag.String("namespace", "default", "namespace of the Lease")
	lease      = flag.String("lease", "leader", "name of the Lease")
	identity   = flag.String("identity", "", "name of this candidate")
)

func main() {
	flag.Parse()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		// Whoever started us says "enough" by closing it, or by dying.
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	lock, err := leaseLock()
	if err != nil {
		return err
	}
	elector, err := leaderelection.NewLeaderElector(election(lock))
	if err != nil {
		return err
	}
	elector.Run(ctx)
	return nil
}

func leaseLock() (resourcelock.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Name: *lease, Namespace: *namespace},
		Client:     client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: *identity},
	}, nil
}

// election is quicker than client-go's defaults by a factor of five.
func election(lock resourcelock.Interface) leaderelection.LeaderElectionConfig {
	return leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   3 * time.Second,
		RenewDeadline:   2 * time.Second,
		RetryPeriod:     400 * time.Millisecond,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { fmt.Println("leading") },
			OnStoppedLeading: func() { fmt.Println("stopped leading") },
			OnNewLeader:      func(name string) { fmt.Println("leader", name) },
		},
	}
}
