package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"kubelock.test/line"
)

const fakeAnnotation = "kubelock.giantswarm.io/codec"

var fakeTarget = line.Request{Version: "v1", Resource: "configmaps", Object: "any", Lock: "codec"}

// fakeClient stands for a cluster with one object, whose lock has this value
// (none if nil), and keeps the value that is written. The package calls Get
// and Update alone: anything else would hit the nil interface.
type fakeClient struct {
	dynamic.NamespaceableResourceInterface

	value   *string
	written string
}

func (c *fakeClient) Resource(schema.GroupVersionResource) dynamic.NamespaceableResourceInterface {
	return c
}

func (c *fakeClient) Get(string, metav1.GetOptions, ...string) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	if c.value != nil {
		object.SetAnnotations(map[string]string{fakeAnnotation: *c.value})
	}
	return object, nil
}

func (c *fakeClient) Update(object *unstructured.Unstructured, _ metav1.UpdateOptions, _ ...string) (*unstructured.Unstructured, error) {
	c.written = object.GetAnnotations()[fakeAnnotation]
	return object, nil
}
