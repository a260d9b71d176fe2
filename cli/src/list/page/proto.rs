//! A page in Protobuf, as `k8s.io/apimachinery` numbers its fields. What is not needed is skipped
//! by its length, unread.

use kube::core::ObjectMeta;

use super::{Head, Objects, Status};

/// Before every message of the Kubernetes API.
const MAGIC: &[u8] = b"k8s\0";

/// Numbers of fields, by message.
mod field {
    /// `runtime.Unknown`, the envelope.
    pub(super) const RAW: u64 = 2;
    /// `PartialObjectMetadataList`, and lists of whole objects.
    pub(super) const LIST_METADATA: u64 = 1;
    pub(super) const ITEMS: u64 = 2;
    /// `ListMeta`.
    pub(super) const LIST_VERSION: u64 = 2;
    pub(super) const CONTINUE: u64 = 3;
    /// `PartialObjectMetadata`, and whole objects.
    pub(super) const METADATA: u64 = 1;
    /// `ObjectMeta`.
    pub(super) const NAME: u64 = 1;
    pub(super) const NAMESPACE: u64 = 3;
    pub(super) const UID: u64 = 5;
    pub(super) const RESOURCE_VERSION: u64 = 6;
    pub(super) const ANNOTATIONS: u64 = 12;
    /// An entry of a map.
    pub(super) const KEY: u64 = 1;
    pub(super) const VALUE: u64 = 2;
    /// `Status`.
    pub(super) const STATUS_METADATA: u64 = 1;
    pub(super) const MESSAGE: u64 = 3;
    pub(super) const REASON: u64 = 4;
}

/// `None` for what is no list, or is cut off.
pub(super) fn read(body: &[u8], prefix: &str, on_head: impl FnOnce(Head)) -> Option<Objects> {
    let mut on_head = Some(on_head);
    let mut objects = Objects::default();
    for field in Fields::of(envelope(body)?) {
        match field? {
            (field::LIST_METADATA, value) => {
                let head = head(value)?;
                if let Some(tell) = on_head.take() {
                    tell(head);
                }
            }
            (field::ITEMS, value) => {
                objects.count += 1;
                add(&mut objects.carriers, value, prefix)?;
            }
            _ => {}
        }
    }
    Some(objects)
}

pub(super) fn status(body: &[u8]) -> Option<Status> {
    let mut status = Status::default();
    for field in Fields::of(envelope(body)?) {
        match field? {
            (field::STATUS_METADATA, value) => status.metadata = head(value)?,
            (field::MESSAGE, value) => status.message = text(value),
            (field::REASON, value) => status.reason = text(value),
            _ => {}
        }
    }
    Some(status)
}

/// The message in its envelope.
fn envelope(body: &[u8]) -> Option<&[u8]> {
    let mut raw = None;
    for field in Fields::of(body.strip_prefix(MAGIC)?) {
        if let (field::RAW, value) = field? {
            raw = Some(value);
        }
    }
    raw
}

fn head(message: &[u8]) -> Option<Head> {
    let mut head = Head::default();
    for field in Fields::of(message) {
        match field? {
            (field::LIST_VERSION, value) => head.resource_version = text(value),
            (field::CONTINUE, value) => head.token = text(value),
            _ => {}
        }
    }
    Some(head)
}

/// Adds the object if it has annotations of the prefix: nearly all of them have none.
fn add(carriers: &mut Vec<ObjectMeta>, item: &[u8], prefix: &str) -> Option<()> {
    for field in Fields::of(item) {
        if let (field::METADATA, value) = field?
            && has_annotation(value, prefix)?
        {
            carriers.push(metadata(value, prefix)?);
        }
    }
    Some(())
}

fn has_annotation(metadata: &[u8], prefix: &str) -> Option<bool> {
    for field in Fields::of(metadata) {
        if let (field::ANNOTATIONS, entry) = field?
            && entry_of(entry)?.0.starts_with(prefix.as_bytes())
        {
            return Some(true);
        }
    }
    Some(false)
}

fn metadata(message: &[u8], prefix: &str) -> Option<ObjectMeta> {
    let mut object = ObjectMeta::default();
    for field in Fields::of(message) {
        match field? {
            (field::NAME, value) => object.name = Some(text(value)),
            // Objects without a namespace have an empty one here.
            (field::NAMESPACE, value) => object.namespace = Some(text(value)),
            (field::UID, value) => object.uid = Some(text(value)),
            (field::RESOURCE_VERSION, value) => object.resource_version = Some(text(value)),
            (field::ANNOTATIONS, entry) => {
                let (key, value) = entry_of(entry)?;
                if key.starts_with(prefix.as_bytes()) {
                    let annotations = object.annotations.get_or_insert_default();
                    annotations.insert(text(key), text(value));
                }
            }
            _ => {}
        }
    }
    object.namespace = object.namespace.filter(|namespace| !namespace.is_empty());
    Some(object)
}

fn entry_of(entry: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    for field in Fields::of(entry) {
        match field? {
            (field::KEY, bytes) => key = bytes,
            (field::VALUE, bytes) => value = bytes,
            _ => {}
        }
    }
    Some((key, value))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The fields of a message, with their bytes: empty for numbers. Ends at the first that is cut off.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn field(&mut self) -> Option<(u64, &'a [u8])> {
        const VARINT: u64 = 0;
        const FIXED_64: u64 = 1;
        const BYTES: u64 = 2;
        const FIXED_32: u64 = 5;
        let key = self.varint()?;
        let value = match key & 7 {
            VARINT => self.varint().map(|_| [].as_slice())?,
            FIXED_64 => self.bytes(8).map(|_| [].as_slice())?,
            BYTES => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.bytes(length)?
            }
            FIXED_32 => self.bytes(4).map(|_| [].as_slice())?,
            _ => return None,
        };
        Some((key >> 3, value))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "kubelock.giantswarm.io";

    /// A field that is text or a message.
    fn bytes(number: u8, value: impl AsRef<[u8]>) -> Vec<u8> {
        let value = value.as_ref();
        let low = u8::try_from(value.len() & 0x7f).unwrap() | 0x80;
        let high = u8::try_from(value.len() >> 7).unwrap();
        [&[number << 3 | 2, low, high], value].concat()
    }

    fn in_envelope(message: &[u8]) -> Vec<u8> {
        [MAGIC, &bytes(1, "type"), &bytes(2, message)].concat()
    }

    fn annotation(key: &str, value: &str) -> Vec<u8> {
        bytes(12, [bytes(1, key), bytes(2, value)].concat())
    }

    fn page() -> Vec<u8> {
        let head = bytes(1, [bytes(2, "41"), bytes(3, "t"), vec![4 << 3, 3]].concat());
        let other = [bytes(1, "other"), annotation("team", "x")].concat();
        let lock = [
            bytes(1, "l"),
            bytes(3, "n"),
            bytes(5, "u"),
            bytes(6, "7"),
            vec![7 << 3, 1],
            annotation("team", "x"),
            annotation("kubelock.giantswarm.io/a", "{}"),
        ];
        let item = |metadata: &[u8]| bytes(2, bytes(1, metadata));
        in_envelope(&[head, item(&other), item(&[]), item(&lock.concat())].concat())
    }

    #[test]
    fn only_objects_with_an_annotation_of_the_prefix_are_kept_and_of_those_no_other() {
        let mut head = Head::default();
        let objects = read(&page(), PREFIX, |told| head = told).unwrap();

        assert_eq!(head, Head { resource_version: "41".to_owned(), token: "t".to_owned() });
        let some = |text: &str| Some(text.to_owned());
        let annotations = [("kubelock.giantswarm.io/a".to_owned(), "{}".to_owned())];
        let expected = ObjectMeta {
            name: some("l"),
            namespace: some("n"),
            uid: some("u"),
            resource_version: some("7"),
            annotations: Some(annotations.into()),
            ..ObjectMeta::default()
        };
        assert_eq!((objects.count, objects.carriers), (3, vec![expected]));
    }

    #[test]
    fn a_page_that_is_cut_off_is_none_wherever_that_is() {
        let page = page();
        for end in 0..page.len() {
            assert!(read(&page[..end], PREFIX, |_| {}).is_none(), "{end}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_go_on_for_ever() {
        let mut page = page();
        for place in 0..page.len() {
            let byte = page[place];
            for wrong in [0, 0x7f, 0x80, 0xff] {
                page[place] = wrong;
                drop(read(&page, PREFIX, |_| {}));
                drop(status(&page));
            }
            page[place] = byte;
        }
    }

    #[test]
    fn a_status_has_words_and_a_way_to_go_on() {
        let body = in_envelope(
            &[
                bytes(1, bytes(3, "t")),
                bytes(2, "Failure"),
                bytes(3, "too old"),
                bytes(4, "Expired"),
            ]
            .concat(),
        );

        let status = status(&body).unwrap();

        assert_eq!((&*status.message, &*status.reason), ("too old", "Expired"));
        assert_eq!(status.metadata.token, "t");
    }
}
