//! How far the way to the API server was gone, what was in it, and whether a write went it.

use std::error::Error;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http::{Request, Uri};
use tower::{BoxError, Service};

/// Remembers the best that came about, and the last setback; clones share the memory.
///
/// Until there was a connection no request has left this process, whatever else is unknown about
/// it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach(Arc<Mutex<Way>>);

#[derive(Debug, Default)]
struct Way {
    farthest: Option<Milestone>,
    setback: Option<Setback>,
    /// Whether there was anything to be changed.
    wants_to_write: bool,
}

/// How far a connection came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Milestone {
    /// Somebody accepts connections: the server, or the proxy.
    Accepted,
    /// Requests can be sent: TLS is done, where there is any.
    Open,
}

/// Why a connection did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setback {
    /// The host's name has no address.
    NoName,
    /// Nobody listens there.
    Refused,
    /// No way leads there, or nobody answered.
    NoRoute,
    /// Nobody that we trust has signed its certificate.
    Untrusted,
    /// Its certificate is for other names.
    OtherName,
    /// Its certificate has ended, or has not begun.
    OutOfDate,
    /// What answers does not speak TLS.
    NoTls,
    /// The proxy wants to know who asks.
    ProxyLogin,
    /// The proxy does not let us through.
    ProxyRefusal,
    /// Something else, which its own words tell.
    Other,
}

/// The groups whose POSTs are questions, with the slash that tells them from groups that only
/// begin alike.
const OF_REVIEWS: [&str; 2] = ["/apis/authorization.k8s.io/", "/apis/authentication.k8s.io/"];

impl Reach {
    /// One of which this is known.
    #[cfg(test)]
    pub(crate) fn of(farthest: Option<Milestone>, setback: Option<Setback>) -> Self {
        Self(Arc::new(Mutex::new(Way { farthest, setback, wants_to_write: false })))
    }

    /// Whether any connection ever came about.
    pub(crate) fn is_reached(&self) -> bool {
        self.way().farthest == Some(Milestone::Open)
    }

    /// Whether anything can have been changed by this process.
    pub(crate) fn may_have_written(&self) -> bool {
        let way = self.way();
        way.wants_to_write && way.farthest == Some(Milestone::Open)
    }

    /// Notes a request that is about to be sent. Reviews, which are POSTs, store nothing.
    pub(super) fn note<B>(&self, request: &Request<B>) {
        let path = request.uri().path();
        let is_review = OF_REVIEWS.iter().any(|group| path.starts_with(group));
        self.way().wants_to_write |= !request.method().is_safe() && !is_review;
    }

    /// Whether somebody accepted one, and nothing came of it.
    pub(crate) fn is_accepted_only(&self) -> bool {
        self.way().farthest == Some(Milestone::Accepted)
    }

    /// Why the last attempt failed, if it did.
    pub(crate) fn setback(&self) -> Option<Setback> {
        self.way().setback
    }

    fn came_to(&self, milestone: Milestone) {
        let mut way = self.way();
        way.farthest = way.farthest.max(Some(milestone));
        way.setback = None;
    }

    /// The connector that is nearest to the network says the most.
    fn failed(&self, short_of: Milestone, error: &(dyn Error + 'static)) {
        let mut way = self.way();
        if short_of == Milestone::Accepted || way.setback.is_none() {
            way.setback = Some(Setback::of(error));
        }
    }

    /// Nothing that holds it can panic halfway.
    fn way(&self) -> MutexGuard<'_, Way> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Setback {
    /// By kinds where there are some, else by the words of the crates that tell.
    fn of(error: &(dyn Error + 'static)) -> Self {
        let says = |words: &str| chain(error).any(|cause| cause.to_string().contains(words));
        let kinds = || chain(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>());
        let is = |wanted: &[ErrorKind]| kinds().any(|error| wanted.contains(&error.kind()));
        let certificate = "invalid peer certificate: ";
        match () {
            () if says("dns error") => Self::NoName,
            () if is(&[ErrorKind::ConnectionRefused]) => Self::Refused,
            () if is(&NO_ROUTE) => Self::NoRoute,
            () if says(certificate) && says("not valid for") => Self::OtherName,
            () if says(certificate) && (says("expired") || says("not valid yet")) => {
                Self::OutOfDate
            }
            () if says(certificate) => Self::Untrusted,
            () if says("received corrupt message of type") => Self::NoTls,
            () if says("proxy authorization required") => Self::ProxyLogin,
            () if says("tunnel error: ") || says("SOCKS error") => Self::ProxyRefusal,
            () => Self::Other,
        }
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let next = |error: &&'a (dyn Error + 'static)| -> Option<&'a (dyn Error + 'static)> {
        (*error).source()
    };
    std::iter::successors(Some(error), next)
}

const NO_ROUTE: [ErrorKind; 3] =
    [ErrorKind::TimedOut, ErrorKind::HostUnreachable, ErrorKind::NetworkUnreachable];

/// A connector that notes how far it came.
#[derive(Clone)]
pub(super) struct NotingReach<C> {
    pub(super) connector: C,
    pub(super) reach: Reach,
    /// What its success means.
    pub(super) milestone: Milestone,
}

impl<C> Service<Uri> for NotingReach<C>
where
    C: Service<Uri>,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.connector.call(uri);
        let (reach, milestone) = (self.reach.clone(), self.milestone);
        Box::pin(async move {
            let connection = connecting.await.map_err(Into::into);
            match &connection {
                Ok(_) => reach.came_to(milestone),
                Err(error) => reach.failed(milestone, error.as_ref()),
            }
            connection
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_in_the_way_is_told_by_its_kind_or_its_words() {
        let io = |kind: ErrorKind, words: &str| Setback::of(&std::io::Error::new(kind, words));
        for (setback, kind, words) in [
            (Setback::NoName, ErrorKind::Other, "dns error"),
            (Setback::Refused, ErrorKind::ConnectionRefused, "x"),
            (Setback::NoRoute, ErrorKind::TimedOut, "x"),
            (Setback::NoRoute, ErrorKind::NetworkUnreachable, "x"),
            (Setback::Untrusted, ErrorKind::Other, "invalid peer certificate: UnknownIssuer"),
            (
                Setback::OutOfDate,
                ErrorKind::InvalidData,
                "invalid peer certificate: certificate expired: verification time 2 …",
            ),
            (Setback::ProxyLogin, ErrorKind::Other, "tunnel error: proxy authorization required"),
            (Setback::ProxyRefusal, ErrorKind::Other, "tunnel error: unsuccessful"),
            (Setback::Other, ErrorKind::ConnectionReset, "x"),
        ] {
            assert_eq!(io(kind, words), setback, "{words}");
        }
    }

    #[test]
    fn what_came_about_makes_up_for_a_setback_and_stays() {
        let (reach, refused) =
            (Reach::default(), std::io::Error::from(ErrorKind::ConnectionRefused));
        reach.failed(Milestone::Accepted, &refused);
        assert_eq!((reach.setback(), reach.is_accepted_only()), (Some(Setback::Refused), false));
        reach.came_to(Milestone::Accepted);
        assert_eq!((reach.setback(), reach.is_accepted_only()), (None, true));
        reach.came_to(Milestone::Open);
        reach.came_to(Milestone::Accepted);
        assert!(reach.is_reached() && !reach.is_accepted_only());
    }

    #[test]
    fn a_review_changes_nothing_and_what_is_of_a_group_that_is_called_alike_may() {
        let may_have_written = |method: &str, path: &str| {
            let reach = Reach::of(Some(Milestone::Open), None);
            reach.note(&Request::builder().method(method).uri(path).body(()).unwrap());
            reach.may_have_written()
        };
        for review in [
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        ] {
            assert!(!may_have_written("POST", review), "{review}");
        }
        for group in ["auth.example.org", "authzed.com", "authorization.openshift.io"] {
            let path = format!("/apis/{group}/v1/namespaces/ci/widgets/w1");
            assert!(may_have_written("PATCH", &path), "{group}");
            assert!(!may_have_written("GET", &path), "{group}");
        }
    }

    #[test]
    fn what_a_proxys_connector_says_of_the_network_is_not_taken_for_the_proxys_own_word() {
        let reach = Reach::default();
        reach.failed(Milestone::Accepted, &std::io::Error::from(ErrorKind::ConnectionRefused));
        reach.failed(Milestone::Open, &std::io::Error::other("SOCKS error: failed to create"));
        assert_eq!(reach.setback(), Some(Setback::Refused));
    }
}
