//! Runs simulated schedules: many of them, or one again.

use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Parser;
use proof::simulation::{Profile, Report, Tally, run};

/// Runs the library on simulated schedules, each of which comes from a number
#[derive(Parser)]
#[command(name = "simulate")]
struct Args {
    /// Run the schedule of this seed alone, and show what happens in it
    #[arg(long)]
    seed: Option<u64>,
    /// Run this mix of faults instead of the one that the seed goes with
    #[arg(long)]
    profile: Option<String>,
    /// Run so many schedules
    #[arg(long, default_value_t = 1_000)]
    schedules: u64,
    /// Begin with this seed
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Stop after so many seconds
    #[arg(long)]
    seconds: Option<u64>,
    /// Run on so many threads
    #[arg(long, default_value_t = 2)]
    threads: u64,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let profile = match args.profile.as_deref().map(|name| (name, Profile::named(name))) {
        Some((name, None)) => bail!("there is no profile {name}"),
        found => found.and_then(|(_, profile)| profile),
    };
    match args.seed {
        Some(seed) => replay(seed, profile),
        None => run_many(&args, profile),
    }
}

fn replay(seed: u64, profile: Option<Profile>) -> Result<ExitCode> {
    let report = run(seed, profile.unwrap_or(Profile::of(seed)), true)?;
    let mut out = std::io::stdout().lock();
    write!(out, "{}", report.trace)?;
    writeln!(out, "{}", verdict(&report))?;
    Ok(if report.breach.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn verdict(report: &Report) -> String {
    let (seed, profile) = (report.seed, report.profile.name());
    match &report.breach {
        Some(breach) => format!("seed {seed} ({profile}): {breach}"),
        None => format!("seed {seed} ({profile}): no rule was broken"),
    }
}

/// Schedules on several threads, until there were enough of them or a rule was broken.
struct Work {
    profile: Option<Profile>,
    next: AtomicU64,
    end: u64,
    until: Option<Instant>,
    has_failed: AtomicBool,
    done: Mutex<Done>,
}

#[derive(Default)]
struct Done {
    tally: Tally,
    failed: Option<Report>,
}

impl Work {
    fn go(&self) -> Result<()> {
        while let Some(seed) = self.take() {
            let report = run(seed, self.profile.unwrap_or(Profile::of(seed)), false)?;
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            done.tally.add(&report);
            if report.breach.is_some() {
                self.has_failed.store(true, Ordering::Relaxed);
                let is_first = done.failed.as_ref().is_none_or(|it| seed < it.seed);
                if is_first {
                    done.failed = Some(report);
                }
            }
        }
        Ok(())
    }

    fn take(&self) -> Option<u64> {
        let is_late = self.until.is_some_and(|until| until <= Instant::now());
        if is_late || self.has_failed.load(Ordering::Relaxed) {
            return None;
        }
        let seed = self.next.fetch_add(1, Ordering::Relaxed);
        (seed < self.end).then_some(seed)
    }
}

fn run_many(args: &Args, profile: Option<Profile>) -> Result<ExitCode> {
    let work = Work {
        profile,
        next: AtomicU64::new(args.first),
        end: args.first.saturating_add(args.schedules),
        until: args.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds)),
        has_failed: AtomicBool::new(false),
        done: Mutex::default(),
    };
    let began = Instant::now();
    std::thread::scope(|scope| -> Result<()> {
        let threads: Vec<_> = (0..args.threads).map(|_| scope.spawn(|| work.go())).collect();
        for thread in threads {
            match thread.join() {
                Ok(result) => result?,
                Err(_) => bail!("a thread panicked"),
            }
        }
        Ok(())
    })?;
    let done = work.done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}\nin {:.1} s", done.tally, began.elapsed().as_secs_f64())?;
    match done.failed {
        None => Ok(ExitCode::SUCCESS),
        Some(report) => {
            writeln!(out, "{}", verdict(&report))?;
            let (seed, profile) = (report.seed, report.profile.name());
            writeln!(out, "again: simulate --seed {seed} --profile {profile}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}
