//! client-go's leader election: two candidates, one Lease.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::reached::Reached;

#[tokio::test]
async fn on_a_real_server_a_candidate_leads_after_the_other_stopped() {
    let Some(reached) = Reached::real("leader-election").await else { return };
    one_leads_after_the_other(&reached).await;
}

#[tokio::test]
async fn on_the_sandbox_a_candidate_leads_after_the_other_stopped() {
    one_leads_after_the_other(&Reached::sandbox("leader-election").await).await;
}

async fn one_leads_after_the_other(reached: &Reached) {
    let mut alice = Candidate::start(reached, "alice");
    assert_eq!(alice.hear_of_itself(), "leading");
    let lease = reached.stage.read("leases/leader").await;
    assert_eq!(lease["spec"]["holderIdentity"], "alice");
    assert_eq!(lease["spec"]["leaseDurationSeconds"], 3);

    let mut bob = Candidate::start(reached, "bob");
    assert_eq!(bob.hear(), "leader alice");
    alice.give_up();
    assert_eq!(alice.hear_of_itself(), "stopped leading");
    assert_eq!(bob.hear_of_itself(), "leading");
    let lease = reached.stage.read("leases/leader").await;
    assert_eq!(lease["spec"]["holderIdentity"], "bob");
    assert_eq!(lease["spec"]["leaseTransitions"], 1);
}

/// The program of `interop/leader-election`; killed when dropped.
struct Candidate {
    process: Child,
    says: BufReader<ChildStdout>,
}

impl Candidate {
    fn start(reached: &Reached, identity: &str) -> Self {
        let mut command = Command::new(testkit::go::leader_election());
        command.arg("--kubeconfig").arg(reached.kubeconfig());
        command.args(["--namespace", reached.stage.namespace(), "--identity", identity]);
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let says = BufReader::new(process.stdout.take().unwrap());
        Self { process, says }
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Whom else it sees lead is told in between.
    fn hear_of_itself(&mut self) -> String {
        loop {
            let line = self.hear();
            if !line.starts_with("leader ") {
                return line;
            }
        }
    }

    fn give_up(&mut self) {
        drop(self.process.stdin.take());
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nobody to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
