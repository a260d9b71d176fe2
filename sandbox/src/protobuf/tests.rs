use super::*;

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap();
    assert!(length < 128, "one byte of length is enough here");
    [&[number << 3 | 2, length], bytes].concat()
}

fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let meta = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
    [MAGIC, &field(1, &meta), &field(2, raw), &field(3, b""), &field(4, b"")].concat()
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(&to_json(body).unwrap()).unwrap()
}

#[test]
fn an_object_is_read_as_its_json() {
    let meta = [field(1, b"app"), field(2, b""), field(3, b"ci"), field(8, b"")].concat();
    let data = [field(1, b"a"), field(2, b"b")].concat();
    let raw = [field(1, &meta), field(2, &data)].concat();

    let object = read(&body("v1", "ConfigMap", &raw));

    assert_eq!(
        object,
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "app", "namespace": "ci" }, "data": { "a": "b" },
        })
    );
}

#[test]
fn a_zero_that_somebody_set_is_kept() {
    // `replicas: 0` is a pointer in Go, `minReadySeconds: 0` is not.
    let raw = field(2, &[0x08, 0, 0x28, 0]);
    let object = read(&body("apps/v1", "Deployment", &raw));
    assert_eq!(object["spec"], json!({ "replicas": 0 }));
}

#[test]
fn fields_that_are_spread_in_json_are_spread() {
    let path = field(1, b"/data");
    let volume = [field(1, b"v"), field(2, &field(1, &path))].concat();
    let object = read(&body("v1", "Pod", &field(2, &field(1, &volume))));
    assert_eq!(
        object["spec"]["volumes"],
        json!([{ "name": "v", "hostPath": { "path": "/data" } }])
    );
}

#[test]
fn options_of_a_deletion_are_known_in_every_group() {
    let object = read(&body("apps/v1", "DeleteOptions", &field(4, b"Foreground")));
    assert_eq!(object["propagationPolicy"], "Foreground");
}

#[test]
fn what_is_broken_or_unknown_is_not_read() {
    let good = body("v1", "ConfigMap", &field(1, b""));
    assert!(to_json(&good).is_some());
    assert_eq!(to_json(&good[..good.len() - 1]), None);
    assert_eq!(to_json(b"{}"), None);
    assert_eq!(to_json(&body("v1", "Nonsense", b"")), None);
    assert_eq!(to_json(&body("v1", "ConfigMap", &field(1, b"\xff"))), None);
}
