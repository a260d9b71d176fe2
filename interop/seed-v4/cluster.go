package main

import (
	"errors"
	"time"

	"github.com/giantswarm/kubelock/v4"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"kubelock.test/line"
)

// requestTimeout ends what a stopped API server would hold forever.
const requestTimeout = 60 * time.Second

// cluster connects at the first request that needs it: the codec needs none.
type cluster struct {
	kubeconfig string
	client     dynamic.Interface
}

func (c *cluster) lock(request line.Request) (*seedLock, error) {
	if err := c.connect(); err != nil {
		return nil, err
	}
	return newLock(c.client, request)
}

func (c *cluster) connect() error {
	if c.client != nil {
		return nil
	}
	if c.kubeconfig == "" {
		return errors.New("no --kubeconfig given")
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		return err
	}
	// The default of 5 requests a second would be all that a benchmark sees.
	config.QPS = -1
	config.Timeout = requestTimeout
	c.client, err = dynamic.NewForConfig(config)
	return err
}

func newLock(client dynamic.Interface, request line.Request) (*seedLock, error) {
	seed, err := kubelock.New(kubelock.Config{
		DynClient: client,
		GVR: schema.GroupVersionResource{
			Group:    request.Group,
			Version:  request.Version,
			Resource: request.Resource,
		},
	})
	if err != nil {
		return nil, err
	}
	named := seed.Lock(request.Lock)
	if request.Namespace == "" {
		return &seedLock{lock: named, object: request.Object}, nil
	}
	return &seedLock{lock: named.Namespace(request.Namespace), object: request.Object}, nil
}
