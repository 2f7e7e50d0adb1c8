//! A server in a network of its own, with one line to the database and another to all else, either of which can be cut:
//! what is under way is neither answered nor refused. Made of namespaces of the kernel, so it needs the rights of root.

use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

pub struct Network {
    name: String,
    lines: [Line; 2],
}

struct Line {
    /// The end of it that is here.
    device: String,
    /// The first three numbers of its addresses; here is 1, there is 2.
    addresses: String,
}

const DATABASE: usize = 0;
const ALL_ELSE: usize = 1;

impl Network {
    /// Makes one; the reason where this account may not.
    pub fn make() -> Result<Self, String> {
        static MADE: AtomicU8 = AtomicU8::new(0);
        let (process, number) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let name = format!("cairn-{process}-{number}");
        // Tests run at the same time, each in a process: a part of its id keeps their addresses apart.
        let (second, third) = (64 + (process >> 7) % 128, (process % 128) * 2);
        let line = |which: usize| Line {
            device: format!("c{}{process}{number}", ["d", "e"][which]),
            addresses: format!("10.{second}.{}", third + u32::from(which == ALL_ELSE)),
        };
        let network = Self { lines: [line(DATABASE), line(ALL_ELSE)], name };
        network.build().map(|()| network)
    }

    fn build(&self) -> Result<(), String> {
        ip(&["netns", "add", &self.name])?;
        ip(&["-n", &self.name, "link", "set", "lo", "up"])?;
        for Line { device, addresses } in &self.lines {
            let there = format!("{device}t");
            ip(&["link", "add", device, "type", "veth", "peer", "name", &there, "netns", &self.name])?;
            ip(&["address", "add", &format!("{addresses}.1/24"), "dev", device])?;
            ip(&["link", "set", device, "up"])?;
            ip(&["-n", &self.name, "address", "add", &format!("{addresses}.2/24"), "dev", &there])?;
            ip(&["-n", &self.name, "link", "set", &there, "up"])?;
        }
        Ok(())
    }

    /// Where the database must listen.
    pub fn database(&self) -> String {
        format!("{}.1", self.lines[DATABASE].addresses)
    }

    /// Where anything else must listen that the server is to reach.
    pub fn here(&self) -> String {
        format!("{}.1", self.lines[ALL_ELSE].addresses)
    }

    /// Where the server is to listen.
    pub fn there(&self) -> String {
        format!("{}.2", self.lines[ALL_ELSE].addresses)
    }

    /// Cuts the line to the database, or mends it.
    pub fn cut(&self, cut: bool) {
        let state = if cut { "down" } else { "up" };
        ip(&["link", "set", &self.lines[DATABASE].device, state]).expect("the line is there");
    }

    /// What the server sends to the database arrives, and nothing comes back; or all is well again.
    pub fn lose_answers(&self, lose: bool) {
        let (how, server) = (if lose { "add" } else { "del" }, format!("{}.2/32", self.lines[DATABASE].addresses));
        ip(&["route", how, "blackhole", &server]).expect("the way is there");
    }

    /// The command that runs a program there.
    pub fn run(&self, program: &std::path::Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for line in &self.lines {
            let _ = ip(&["link", "del", &line.device]);
        }
        let _ = ip(&["netns", "del", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let ran = Command::new("ip").args(arguments).output().map_err(|error| format!("ip: {error}"))?;
    if ran.status.success() {
        return Ok(());
    }
    Err(format!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&ran.stderr).trim()))
}
