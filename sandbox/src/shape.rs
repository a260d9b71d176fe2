//! What the fields of built-in kinds hold, as far as it is checked.

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Text,
    Integer,
    /// One of 32 bits.
    Int32,
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
            Self::Int32 => "int32".to_owned(),
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
        ("leaseDurationSeconds", Shape::Int32),
        ("acquireTime", Shape::MicroTime),
        ("renewTime", Shape::MicroTime),
        ("leaseTransitions", Shape::Int32),
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

static OBJECT_REFERENCE: Struct = Struct::closed(
    "ObjectReference",
    &[
        ("kind", Shape::Text),
        ("namespace", Shape::Text),
        ("name", Shape::Text),
        ("uid", Shape::Text),
        ("apiVersion", Shape::Text),
        ("resourceVersion", Shape::Text),
        ("fieldPath", Shape::Text),
    ],
);

static EVENT_SOURCE: Struct =
    Struct::closed("EventSource", &[("component", Shape::Text), ("host", Shape::Text)]);

static EVENT_SERIES: Struct = Struct::closed(
    "EventSeries",
    &[("count", Shape::Int32), ("lastObservedTime", Shape::MicroTime)],
);

/// As the core group has it.
static CORE_EVENT: Struct = Struct::closed(
    "Event",
    &[
        TYPE_META[0],
        TYPE_META[1],
        TYPE_META[2],
        ("involvedObject", Shape::Struct(&OBJECT_REFERENCE)),
        ("reason", Shape::Text),
        ("message", Shape::Text),
        ("source", Shape::Struct(&EVENT_SOURCE)),
        ("firstTimestamp", Shape::Time),
        ("lastTimestamp", Shape::Time),
        ("count", Shape::Int32),
        ("type", Shape::Text),
        ("eventTime", Shape::MicroTime),
        ("series", Shape::Struct(&EVENT_SERIES)),
        ("action", Shape::Text),
        ("related", Shape::Struct(&OBJECT_REFERENCE)),
        ("reportingComponent", Shape::Text),
        ("reportingInstance", Shape::Text),
    ],
);

/// As `events.k8s.io` has it.
static EVENT: Struct = Struct::closed(
    "Event",
    &[
        TYPE_META[0],
        TYPE_META[1],
        TYPE_META[2],
        ("eventTime", Shape::MicroTime),
        ("series", Shape::Struct(&EVENT_SERIES)),
        ("reportingController", Shape::Text),
        ("reportingInstance", Shape::Text),
        ("action", Shape::Text),
        ("reason", Shape::Text),
        ("regarding", Shape::Struct(&OBJECT_REFERENCE)),
        ("related", Shape::Struct(&OBJECT_REFERENCE)),
        ("note", Shape::Text),
        ("type", Shape::Text),
        ("deprecatedSource", Shape::Struct(&EVENT_SOURCE)),
        ("deprecatedFirstTimestamp", Shape::Time),
        ("deprecatedLastTimestamp", Shape::Time),
        ("deprecatedCount", Shape::Int32),
    ],
);

static OTHER: Struct = Struct { go_name: "", fields: &TYPE_META, is_open: true };

/// What objects of a kind are like; `None` for custom kinds, which their schema describes.
pub(crate) fn of_kind(group: &str, kind: &str) -> &'static Struct {
    match (group, kind) {
        ("", "ConfigMap") => &CONFIG_MAP,
        ("", "Secret") => &SECRET,
        ("coordination.k8s.io", "Lease") => &LEASE,
        ("", "Event") => &CORE_EVENT,
        ("events.k8s.io", "Event") => &EVENT,
        _ => &OTHER,
    }
}
