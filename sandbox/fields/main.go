// Prints the fields of the Kubernetes API's messages as protobuf has them, for protobuf/fields.txt.
package main

import (
	"fmt"
	"reflect"
	"sort"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
)

var served = []string{
	"/v1", "apps/v1", "batch/v1", "coordination.k8s.io/v1", "rbac.authorization.k8s.io/v1",
	"authentication.k8s.io/v1", "authorization.k8s.io/v1", "events.k8s.io/v1", "autoscaling/v2",
	"networking.k8s.io/v1", "policy/v1", "discovery.k8s.io/v1", "scheduling.k8s.io/v1", "storage.k8s.io/v1",
}

// Those with a spelling of their own in JSON.
var special = map[string]string{
	"meta/v1.Time": "time", "meta/v1.MicroTime": "microtime", "meta/v1.Duration": "duration",
	"meta/v1.FieldsV1": "raw", "runtime.RawExtension": "raw", "resource.Quantity": "quantity",
	"intstr.IntOrString": "intorstring",
}

type wrapper interface{ Marshal() ([]byte, error) }

var done = map[string][]string{}

func name(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	if len(parts) > 1 && strings.HasPrefix(parts[len(parts)-1], "v") {
		return strings.Join(parts[len(parts)-2:], "/") + "." + t.Name()
	}
	return parts[len(parts)-1] + "." + t.Name()
}

func typeOf(t reflect.Type) string {
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Struct && t.Name() != "" && t.PkgPath() != "" {
		if reflect.PointerTo(t).Implements(reflect.TypeOf((*wrapper)(nil)).Elem()) || t.Implements(reflect.TypeOf((*wrapper)(nil)).Elem()) {
			return "items" // a list in a message of its own
		}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeOf(t.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int32, reflect.Int64, reflect.Int, reflect.Uint32, reflect.Uint64, reflect.Uint8:
		return "int"
	case reflect.Float32:
		return "float"
	case reflect.Float64:
		return "double"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + typeOf(t.Elem())
	case reflect.Map:
		return "map:" + typeOf(t.Elem())
	case reflect.Struct:
		if s, ok := special[name(t)]; ok {
			return s
		}
		walk(t)
		return name(t)
	}
	panic(t.String())
}

func walk(t reflect.Type) {
	n := name(t)
	if _, ok := done[n]; ok {
		return
	}
	done[n] = nil
	var lines []string
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		pb := f.Tag.Get("protobuf")
		if pb == "" || pb == "-" {
			continue
		}
		json := strings.Split(f.Tag.Get("json"), ",")
		flag := ""
		if json[0] == "" {
			json[0] = "-" // its fields are those of what it is in
		} else if f.Type.Kind() == reflect.Pointer {
			flag = "*" // there is a difference between zero and nothing
		} else if !strings.Contains(f.Tag.Get("json"), "omitempty") {
			flag = "*"
		}
		if json[0] == "-" && f.Tag.Get("json") == "-" {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s %s %s%s", strings.Split(pb, ",")[1], json[0], flag, typeOf(f.Type)))
	}
	done[n] = lines
}

func main() {
	known := []string{}
	for gvk, t := range scheme.Scheme.AllKnownTypes() {
		gv := gvk.Group + "/" + gvk.Version
		for _, s := range served {
			k := gvk.Kind
			if s == gv && !strings.HasSuffix(k, "List") && !strings.HasSuffix(k, "Options") && k != "WatchEvent" && k != "APIGroup" && k != "APIVersions" && k != "Status" && k != "RangeAllocation" && k != "SerializedReference" && k != "ComponentStatus" {
				walk(t)
				known = append(known, fmt.Sprintf("kind %s %s", strings.TrimPrefix(gv, "/")+"/"+k, name(t)))
			}
		}
	}
	walk(reflect.TypeOf(metav1.DeleteOptions{}))
	sort.Strings(known)
	for _, k := range known {
		fmt.Println(k)
	}
	names := []string{}
	for n := range done {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		fmt.Println("message", n)
		for _, l := range done[n] {
			fmt.Println(l)
		}
	}
}
