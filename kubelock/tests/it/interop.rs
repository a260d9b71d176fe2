//! The Go package and this library on the same lock.

use std::time::Duration;

use kubelock::{Error, GetOptions, ReleaseOptions};
use testkit::seed::{Seed, SeedOutcome, SeedTarget};

use crate::support::{KEY, Stage, acquire, by_local_clock, expired, release};

const RUST: usize = 4;
const GO: usize = 4;
const ROUNDS: usize = 200;

pub fn programs() -> [std::path::PathBuf; 2] {
    [testkit::go::seed_v0(), testkit::go::seed_v4()]
}

/// The Go program, on the lock `l` of the stage.
pub struct Go {
    seed: Seed,
    target: SeedTarget,
}

impl Go {
    pub fn new(program: &std::path::Path, stage: &Stage) -> Self {
        let kubeconfig = testkit::cluster().unwrap().kubeconfig();
        let seed = Seed::spawn(program, Some(kubeconfig)).unwrap();
        Self { seed, target: SeedTarget::config_map(&stage.namespace, "app", "l") }
    }

    pub fn acquire(&mut self, owner: &str, ttl: Duration) -> SeedOutcome {
        self.seed.acquire(&self.target, owner, ttl)
    }

    pub fn release(&mut self, owner: &str) -> SeedOutcome {
        self.seed.release(&self.target, owner)
    }
}

#[tokio::test]
async fn each_sees_what_the_other_holds() {
    let Some(stage) = Stage::new("interop").await else { return };
    let lock = stage.lock();
    for program in programs() {
        let mut go = Go::new(&program, &stage);

        lock.acquire("app", acquire("us")).await.unwrap();
        assert_eq!(go.acquire("us", Duration::ZERO), SeedOutcome::AlreadyExists);
        assert_eq!(go.acquire("them", Duration::ZERO), SeedOutcome::OwnerMismatch);
        assert_eq!(go.release("them"), SeedOutcome::OwnerMismatch);
        assert_eq!(go.release("us"), SeedOutcome::Ok);
        assert!(lock.release("app", release("us")).await.unwrap_err().is_not_found());

        assert_eq!(go.acquire("them", Duration::ZERO), SeedOutcome::Ok);
        assert!(lock.acquire("app", acquire("them")).await.unwrap_err().is_already_exists());
        assert!(lock.acquire("app", acquire("us")).await.unwrap_err().is_owner_mismatch());
        assert!(lock.release("app", release("us")).await.unwrap_err().is_owner_mismatch());
        lock.release("app", release("them")).await.unwrap();
        assert_eq!(go.release("them"), SeedOutcome::NotFound);
    }
}

#[tokio::test]
async fn each_takes_over_and_reports_missing_what_the_other_let_expire() {
    let Some(stage) = Stage::new("interop").await else { return };
    let lock = stage.lock();
    let ttl = Duration::from_millis(100);
    for program in programs() {
        let mut go = Go::new(&program, &stage);

        lock.acquire("app", by_local_clock("us", ttl)).await.unwrap();
        tokio::time::sleep(ttl + Duration::from_millis(10)).await;
        assert_eq!(go.release("us"), SeedOutcome::NotFound);
        assert_eq!(go.acquire("them", ttl), SeedOutcome::Ok);
        tokio::time::sleep(ttl + Duration::from_millis(10)).await;
        let by_rule =
            ReleaseOptions { expiry: kubelock::ExpiryRule::LocalClock, ..release("them") };
        assert!(lock.release("app", by_rule).await.unwrap_err().is_not_found());
        lock.acquire("app", by_local_clock("us", Duration::ZERO)).await.unwrap();
        assert_eq!(go.acquire("them", Duration::ZERO), SeedOutcome::OwnerMismatch);
        lock.release("app", release("us")).await.unwrap();
    }
}

#[tokio::test]
async fn both_call_the_same_records_malformed_or_expired_and_the_same_objects_missing() {
    let Some(stage) = Stage::new("interop").await else { return };
    let lock = stage.lock();
    for program in programs() {
        let mut go = Go::new(&program, &stage);
        for value in ["", "mine", r#"{"owner":1}"#, r#"{"createdAt":"2020-03-25T10:00:00\u005a"}"#]
        {
            stage.annotate(KEY, Some(value)).await;
            assert_eq!(go.acquire("them", Duration::ZERO), SeedOutcome::Malformed, "{value}");
            assert!(
                lock.acquire("app", acquire("us")).await.unwrap_err().is_malformed(),
                "{value}"
            );
        }
        for value in ["null", "{}", expired("x").as_str()] {
            stage.annotate(KEY, Some(value)).await;
            assert_eq!(go.release("x"), SeedOutcome::NotFound, "{value}");
            assert!(lock.release("app", release("x")).await.unwrap_err().is_not_found(), "{value}");
        }
        go.target.object = "nothing".into();
        assert_eq!(go.acquire("them", Duration::ZERO), SeedOutcome::ObjectMissing);
        assert!(lock.acquire("nothing", acquire("us")).await.unwrap_err().is_object_missing());
    }
}

#[tokio::test]
async fn a_record_of_either_has_the_same_bytes() {
    let Some(stage) = Stage::new("interop").await else { return };
    let lock = stage.lock();
    let mut go = Go::new(&testkit::go::seed_v0(), &stage);
    for owner in ["", "plain", "<&>", "é\u{2028}🔒", "\"\\\u{1}\u{7f}"] {
        assert_eq!(go.acquire(owner, Duration::from_secs(90)), SeedOutcome::Ok);
        let theirs = stage.value().await.unwrap();
        let record = lock.get("app", GetOptions::default()).await.unwrap().record.unwrap();
        assert_eq!(record.encode(), theirs);
        lock.release("app", release(owner)).await.unwrap();

        let acquired = lock.acquire("app", acquire(owner)).await.unwrap();
        assert_eq!(stage.value().await.unwrap(), acquired.record().encode());
        assert_eq!(go.release(owner), SeedOutcome::Ok);
    }
}

/// Who asks whom to act in a round of the race, and what came of it.
struct Contender {
    ask: tokio::sync::mpsc::Sender<Duration>,
    told: tokio::sync::mpsc::Receiver<Told>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Told {
    Won,
    Lost,
}

impl Contender {
    fn rust(stage: &Stage, owner: String) -> Self {
        let lock = stage.lock_with(stage.admin.clone());
        let (ask, mut asked) = tokio::sync::mpsc::channel::<Duration>(1);
        let (tell, told) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            while let Some(delay) = asked.recv().await {
                tokio::time::sleep(delay).await;
                let outcome = match lock.acquire("app", acquire(&owner)).await {
                    Ok(_) => Told::Won,
                    Err(Error::OwnerMismatch(_)) => Told::Lost,
                    Err(error) => panic!("{owner}: {error}"),
                };
                tell.send(outcome).await.unwrap();
            }
        });
        Self { ask, told }
    }

    fn go(stage: &Stage, owner: String) -> Self {
        let mut go = Go::new(&testkit::go::seed_v0(), stage);
        let (ask, mut asked) = tokio::sync::mpsc::channel::<Duration>(1);
        let (tell, told) = tokio::sync::mpsc::channel(1);
        std::thread::spawn(move || {
            while let Some(delay) = asked.blocking_recv() {
                let outcome = match go
                    .seed
                    .acquire_after(delay, &go.target, &owner, Duration::ZERO)
                    .outcome
                {
                    SeedOutcome::Ok => Told::Won,
                    SeedOutcome::OwnerMismatch | SeedOutcome::Conflict => Told::Lost,
                    other => panic!("{owner}: {other:?}"),
                };
                tell.blocking_send(outcome).unwrap();
            }
        });
        Self { ask, told }
    }
}

#[tokio::test]
async fn of_four_rust_and_four_go_contenders_one_wins_each_of_two_hundred_rounds() {
    let Some(stage) = Stage::new("race").await else { return };
    let rust = (0..RUST).map(|n| format!("rust-{n}"));
    let owners: Vec<String> = rust.chain((0..GO).map(|n| format!("go-{n}"))).collect();
    let contend = |(n, owner): (usize, &String)| {
        let contender = if n < RUST { Contender::rust } else { Contender::go };
        contender(&stage, owner.clone())
    };
    let mut contenders: Vec<Contender> = owners.iter().enumerate().map(contend).collect();
    let mut dice = Dice { state: 0x5eed, sides: round_trips(&stage, 10).await };
    let mut wins = [0_usize; 2];
    for round in 0..ROUNDS {
        for contender in &contenders {
            contender.ask.send(dice.jitter()).await.unwrap();
        }
        let mut winners = Vec::new();
        for (index, contender) in contenders.iter_mut().enumerate() {
            if contender.told.recv().await.expect("a contender died") == Told::Won {
                winners.push(index);
            }
        }
        assert_eq!(winners.len(), 1, "round {round}: winners {winners:?}");
        wins[usize::from(winners[0] >= RUST)] += 1;
        assert_eq!(stage.owner().await.as_ref(), Some(&owners[winners[0]]), "round {round}");
        stage.annotate(KEY, None).await;
    }
    eprintln!("rounds won: Rust {}, Go {}", wins[0], wins[1]);
    assert!(wins.iter().all(|wins| *wins >= ROUNDS / 10), "no race: {wins:?}");
}

/// How long so many requests to this server take: with less jitter than that, who needs two
/// requests hardly ever comes first.
async fn round_trips(stage: &Stage, count: u32) -> Duration {
    let started = std::time::Instant::now();
    for _ in 0..count {
        stage.value().await;
    }
    started.elapsed().max(Duration::from_millis(30))
}

/// Jitter that can be replayed: a linear congruence is random enough for it.
struct Dice {
    state: u64,
    sides: Duration,
}

impl Dice {
    fn jitter(&mut self) -> Duration {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.sides * u32::try_from(self.state >> 48).unwrap() / 65_536
    }
}
