//! Cases are written once, and are tests of each server.

/// Makes two tests of each case: `real::CASE` on kube-apiserver, `sandbox::CASE` in memory.
///
/// A case is an `async fn(&Stage)` beside it. One that is not listed is dead code,
/// and the compiler says so.
macro_rules! cases {
    ($($case:ident,)+) => {
        mod real {
            $(
                #[tokio::test]
                async fn $case() {
                    let Some(stage) = $crate::stage::Stage::real(stringify!($case)).await else {
                        return;
                    };
                    super::$case(&stage).await;
                }
            )+
        }
    };
}
