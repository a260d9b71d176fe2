//! One request, one answer.

use std::error::Error as StdError;
use std::time::Duration;

use http::{Method, Request, header};
use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use kubelock_core::name::PathSegment;

use crate::kube_lock::KubeLock;
use crate::lock_ref::LockRef;
use crate::status::Answer;

/// No object is larger: etcd takes 1.5 MiB, clusters that raise it a few times that.
const BODY_MAX: usize = 32 * 1024 * 1024;

/// Metadata is all we need; a server that cannot cut it out sends the object.
pub(crate) const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const WHOLE: &str = "application/json";
pub(crate) const USER_AGENT: &str = concat!("kubelock/", env!("CARGO_PKG_VERSION"));

/// Why there is no answer.
pub(crate) enum NoAnswer {
    /// The request never left this process.
    NotSent(String),
    /// It may have arrived, and may arrive yet: something went wrong on the way.
    Unanswered(String),
    /// The same, and nothing was heard in time.
    Silence(String),
}

/// The API path of one object.
pub(crate) struct Api<'a> {
    pub(crate) kube_lock: &'a KubeLock,
    pub(crate) lock: &'a LockRef,
}

impl Api<'_> {
    pub(crate) async fn get(&self, whole: bool, until: Duration) -> Result<Answer, NoAnswer> {
        let accept = if whole { WHOLE } else { METADATA };
        self.send(Method::GET, &self.object_path(), accept, None, until).await
    }

    pub(crate) async fn patch(
        &self,
        body: Vec<u8>,
        subresource: Option<&PathSegment>,
        until: Duration,
    ) -> Result<Answer, NoAnswer> {
        let mut path = self.object_path();
        if let Some(subresource) = subresource {
            path.push('/');
            path.push_str(subresource.as_str());
        }
        self.send(
            Method::PATCH,
            &path,
            METADATA,
            Some(("application/json-patch+json", body)),
            until,
        )
        .await
    }

    pub(crate) async fn put(&self, body: Vec<u8>, until: Duration) -> Result<Answer, NoAnswer> {
        self.send(
            Method::PUT,
            &self.object_path(),
            METADATA,
            Some(("application/json", body)),
            until,
        )
        .await
    }

    pub(crate) async fn create(&self, body: Vec<u8>, until: Duration) -> Result<Answer, NoAnswer> {
        self.send(
            Method::POST,
            &self.collection_path(),
            METADATA,
            Some(("application/json", body)),
            until,
        )
        .await
    }

    pub(crate) fn collection_path(&self) -> String {
        let gvr = &self.lock.gvr;
        let mut path = if gvr.group.is_empty() {
            format!("/api/{}", gvr.version)
        } else {
            format!("/apis/{}/{}", gvr.group, gvr.version)
        };
        if let Some(namespace) = &self.lock.namespace {
            path.push_str("/namespaces/");
            path.push_str(namespace.as_str());
        }
        path.push('/');
        path.push_str(&gvr.resource);
        path
    }

    fn object_path(&self) -> String {
        format!("{}/{}", self.collection_path(), self.lock.object)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        content: Option<(&str, Vec<u8>)>,
        until: Duration,
    ) -> Result<Answer, NoAnswer> {
        let left = until.saturating_sub(self.kube_lock.clock.monotonic());
        let millis = left.as_millis().max(1);
        let mut uri = format!("{path}?timeout={millis}ms");
        if content.is_some() {
            // The server need not look for misspelt fields in bodies that are ours.
            uri.push_str("&fieldManager=kubelock&fieldValidation=Ignore");
            if self.kube_lock.dry_run {
                uri.push_str("&dryRun=All");
            }
        }
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::ACCEPT, accept)
            .header(header::USER_AGENT, USER_AGENT);
        let mut body = Body::empty();
        if let Some((content_type, bytes)) = content {
            request = request.header(header::CONTENT_TYPE, content_type);
            body = Body::from(bytes);
        }
        let request = request.body(body).map_err(|error| NoAnswer::NotSent(error.to_string()))?;
        tokio::select! {
            biased;
            answer = self.exchange(request) => answer,
            () = self.kube_lock.runtime.sleep(left) => {
                Err(NoAnswer::Silence(format!("no answer within {millis} ms")))
            }
        }
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Answer, NoAnswer> {
        let response =
            self.kube_lock.client.send(request).await.map_err(|error| no_answer(&error))?;
        let (parts, body) = response.into_parts();
        match Limited::new(body, BODY_MAX).collect().await {
            Ok(body) => Ok(Answer {
                code: parts.status,
                headers: parts.headers,
                is_stored: !self.kube_lock.dry_run,
                body: body.to_bytes().to_vec(),
            }),
            Err(error) => Err(NoAnswer::Unanswered(words(error.as_ref()))),
        }
    }
}

fn no_answer(error: &kube::Error) -> NoAnswer {
    // A credential plugin's own words may carry what it read or printed.
    if chain(error).any(<dyn StdError>::is::<kube::client::AuthError>) {
        return NoAnswer::NotSent("the credentials of the kubeconfig could not be obtained".into());
    }
    if never_left(error) {
        NoAnswer::NotSent(words(error))
    } else {
        NoAnswer::Unanswered(words(error))
    }
}

fn never_left(error: &kube::Error) -> bool {
    chain(error).any(|cause| {
        cause
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
    })
}

/// The innermost cause says the most, and the outer ones repeat it.
pub(crate) fn words(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let next = |error: &&'a (dyn StdError + 'static)| -> Option<&'a (dyn StdError + 'static)> {
        (*error).source()
    };
    std::iter::successors(Some(error), next)
}
