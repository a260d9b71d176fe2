use std::time::Duration;

use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;
use tokio::time::timeout;

use super::Question;

/// No event takes as long, and nobody waits as long for nothing.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open watch.
pub struct Watching {
    pub code: u16,
    body: Body,
    read: Vec<u8>,
}

/// What came of a watch.
#[derive(Debug, PartialEq)]
pub enum Heard {
    Event(Value),
    End,
    Broken,
    Nothing,
}

impl Heard {
    /// The type of the event, and what it is about.
    pub fn words(&self) -> String {
        let Self::Event(event) = self else { return format!("{self:?}") };
        let object = &event["object"];
        let about = object["metadata"]["name"].as_str().or(object["reason"].as_str());
        format!("{} {}", event["type"].as_str().unwrap(), about.unwrap_or_default())
    }
}

impl Watching {
    pub(super) async fn open(question: Question) -> Self {
        let (parts, body) = question.response().await.into_parts();
        Self { code: parts.status.as_u16(), body, read: Vec::new() }
    }

    pub async fn next(&mut self) -> Heard {
        timeout(PATIENCE, self.line()).await.unwrap_or(Heard::Nothing)
    }

    /// The next event, as `ADDED app`.
    pub async fn words(&mut self) -> String {
        self.next().await.words()
    }

    /// The object of the next event, which is of this type.
    pub async fn object(&mut self, event_type: &str) -> Value {
        let heard = self.next().await;
        let Heard::Event(mut event) = heard else { panic!("{heard:?} is no {event_type}") };
        assert_eq!(event["type"], event_type, "{event}");
        event["object"].take()
    }

    async fn line(&mut self) -> Heard {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Heard::Event(serde_json::from_slice(&line).unwrap());
            }
            match self.body.frame().await {
                Some(Ok(frame)) => self.read.extend(frame.into_data().unwrap()),
                Some(Err(_)) => return Heard::Broken,
                None => return Heard::End,
            }
        }
    }
}
