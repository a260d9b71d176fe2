//! What the fields of built-in kinds hold, as far as it is checked.

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Text,
    Integer,
    Flag,
    /// A moment, cut to seconds.
    Time,
    /// A moment with six digits of a second.
    MicroTime,
    Texts,
    TextMap,
    Struct(&'static Struct),
    Structs(&'static Struct),
    /// Whatever it is; what is null in it is left out.
    Anything,
    /// What the server itself does not keep.
    Nothing,
}

/// The fields of a Go type.
#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) go_name: &'static str,
    pub(crate) fields: &'static [(&'static str, Shape)],
    /// Whether there are fields beside these, which hold anything.
    pub(crate) is_open: bool,
}

impl Struct {
    const fn closed(go_name: &'static str, fields: &'static [(&'static str, Shape)]) -> Self {
        Self { go_name, fields, is_open: false }
    }

    pub(crate) fn field(&self, name: &str) -> Option<Shape> {
        let found = self.fields.iter().find(|(known, _)| *known == name);
        found.map(|(_, shape)| *shape).or(self.is_open.then_some(Shape::Anything))
    }
}

impl Shape {
    /// As Go calls it.
    pub(crate) fn go_type(self) -> String {
        match self {
            Self::Text => "string".to_owned(),
            Self::Integer => "int64".to_owned(),
            Self::Flag => "bool".to_owned(),
            Self::Time => "v1.Time".to_owned(),
            Self::MicroTime => "v1.MicroTime".to_owned(),
            Self::Texts => "[]string".to_owned(),
            Self::TextMap => "map[string]string".to_owned(),
            Self::Struct(of) => format!("v1.{}", of.go_name),
            Self::Structs(of) => format!("[]v1.{}", of.go_name),
            Self::Anything | Self::Nothing => "interface {}".to_owned(),
        }
    }
}

static OWNER_REFERENCE: Struct = Struct::closed(
    "OwnerReference",
    &[
        ("apiVersion", Shape::Text),
        ("kind", Shape::Text),
        ("name", Shape::Text),
        ("uid", Shape::Text),
        ("controller", Shape::Flag),
        ("blockOwnerDeletion", Shape::Flag),
    ],
);

pub(crate) static OBJECT_META: Struct = Struct::closed(
    "ObjectMeta",
    &[
        ("name", Shape::Text),
        ("generateName", Shape::Text),
        ("namespace", Shape::Text),
        ("selfLink", Shape::Nothing),
        ("uid", Shape::Text),
        ("resourceVersion", Shape::Text),
        ("generation", Shape::Integer),
        ("creationTimestamp", Shape::Time),
        ("deletionTimestamp", Shape::Time),
        ("deletionGracePeriodSeconds", Shape::Integer),
        ("labels", Shape::TextMap),
        ("annotations", Shape::TextMap),
        ("ownerReferences", Shape::Structs(&OWNER_REFERENCE)),
        ("finalizers", Shape::Texts),
        ("managedFields", Shape::Nothing),
    ],
);

static LEASE_SPEC: Struct = Struct::closed(
    "LeaseSpec",
    &[
        ("holderIdentity", Shape::Text),
        ("leaseDurationSeconds", Shape::Integer),
        ("acquireTime", Shape::MicroTime),
        ("renewTime", Shape::MicroTime),
        ("leaseTransitions", Shape::Integer),
        ("strategy", Shape::Text),
        ("preferredHolder", Shape::Text),
    ],
);

const TYPE_META: [(&str, Shape); 3] =
    [("apiVersion", Shape::Text), ("kind", Shape::Text), ("metadata", Shape::Struct(&OBJECT_META))];

static CONFIG_MAP: Struct = Struct::closed(
    "ConfigMap",
    &[
        TYPE_META[0],
        TYPE_META[1],
        TYPE_META[2],
        ("data", Shape::TextMap),
        ("binaryData", Shape::TextMap),
        ("immutable", Shape::Flag),
    ],
);

static SECRET: Struct = Struct::closed(
    "Secret",
    &[
        TYPE_META[0],
        TYPE_META[1],
        TYPE_META[2],
        ("data", Shape::TextMap),
        ("stringData", Shape::TextMap),
        ("type", Shape::Text),
        ("immutable", Shape::Flag),
    ],
);

static LEASE: Struct = Struct::closed(
    "Lease",
    &[TYPE_META[0], TYPE_META[1], TYPE_META[2], ("spec", Shape::Struct(&LEASE_SPEC))],
);

static OTHER: Struct = Struct { go_name: "", fields: &TYPE_META, is_open: true };

/// What objects of a kind are like; `None` for custom kinds, which their schema describes.
pub(crate) fn of_kind(group: &str, kind: &str) -> &'static Struct {
    match (group, kind) {
        ("", "ConfigMap") => &CONFIG_MAP,
        ("", "Secret") => &SECRET,
        ("coordination.k8s.io", "Lease") => &LEASE,
        _ => &OTHER,
    }
}
