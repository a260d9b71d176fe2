//! Cases are written once, and are tests of each server.

/// Makes two tests of each case: `real::CASE` on kube-apiserver, `sandbox::CASE` in memory.
/// Where HTTP itself matters, `over_https` before the list adds `https::CASE`: the sandbox as
/// other programs reach it. With `forgetful`, both servers have no history.
///
/// A case is an `async fn(&Stage)` beside it. One that is not listed is dead code,
/// and the compiler says so.
macro_rules! cases {
    (over_https: $($case:ident,)+) => {
        mod https {
            $(
                #[tokio::test]
                async fn $case() {
                    let reached = $crate::clients::Reached::sandbox(stringify!($case)).await;
                    super::$case(&reached.over_https().await).await;
                }
            )+
        }

        cases![$($case,)+];
    };
    (forgetful: $($case:ident,)+) => {
        cases![@pair real_and_forgetful, sandbox_and_forgetful: $($case,)+];
    };
    ($($case:ident,)+) => {
        cases![@pair real, sandbox: $($case,)+];
    };
    (@pair $real:ident, $sandbox:ident: $($case:ident,)+) => {
        mod real {
            $(
                #[tokio::test]
                async fn $case() {
                    if let Some(stage) = $crate::stage::Stage::$real(stringify!($case)).await {
                        super::$case(&stage).await;
                    }
                }
            )+
        }

        mod sandbox {
            $(
                #[tokio::test(start_paused = true)]
                async fn $case() {
                    super::$case(&$crate::stage::Stage::$sandbox(stringify!($case)).await).await;
                }
            )+
        }
    };
}
