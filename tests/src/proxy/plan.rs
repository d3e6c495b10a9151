//! What is to happen to the connections through a proxy, and where. Touches no connection.

use std::time::Duration;

use crate::seed::Seeded;

/// One of the two streams of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// What the server sends.
    ToClient,
    /// What the client sends.
    ToServer,
}

/// What happens at a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Both sides get a reset (RST), as from a firewall that forgot the connection.
    Reset,
    /// Both sides see an orderly end (FIN), in the middle of whatever was being said.
    Finish,
    /// The rest is dropped and the receiver sees the end of this stream; the other stream stays open.
    Truncate,
    /// The rest comes later.
    Delay(Duration),
}

/// One disturbance; it happens once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// In which stream.
    pub stream: Stream,
    /// In which connection, counted from 0 in the order in which they were accepted; `None` counts the bytes of all
    /// connections together.
    pub connection: Option<u64>,
    /// How many bytes pass before it.
    pub at: u64,
    /// What happens.
    pub action: Action,
}

/// What becomes of later connections, once the first fault other than a delay has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// They are let through, so that a retry succeeds.
    Admit,
    /// They are refused and the open ones reset, so that the client can only give up.
    Refuse,
}

/// Everything that is to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The disturbances, in any order.
    pub faults: Vec<Fault>,
    /// What follows the first of them.
    pub afterwards: Afterwards,
}

impl Plan {
    /// Nothing happens; [`Proxy::bytes_seen`](super::Proxy::bytes_seen) then tells how long the streams are.
    pub fn undisturbed() -> Plan {
        Plan {
            faults: Vec::new(),
            afterwards: Afterwards::Admit,
        }
    }

    /// One fault, counted over all connections.
    pub fn at(stream: Stream, at: u64, action: Action, afterwards: Afterwards) -> Plan {
        Plan {
            faults: vec![Fault {
                stream,
                connection: None,
                at,
                action,
            }],
            afterwards,
        }
    }

    /// `count` plans of one fault each, spread by `seed` over a stream to the client of `length` bytes. They take turns
    /// with the actions, delays being at most a second, and with what follows.
    pub fn spread(seed: u64, count: u64, length: u64) -> Vec<Plan> {
        let mut seeded = Seeded::new(seed);
        let points = seeded.points(count, length);
        points
            .into_iter()
            .enumerate()
            .map(|(turn, at)| {
                let action = match turn % 4 {
                    0 => Action::Reset,
                    1 => Action::Truncate,
                    2 => Action::Finish,
                    _ => Action::Delay(Duration::from_millis(seeded.below(1_000))),
                };
                let afterwards = if turn / 4 % 2 == 0 {
                    Afterwards::Refuse
                } else {
                    Afterwards::Admit
                };
                Plan::at(Stream::ToClient, at, action, afterwards)
            })
            .collect()
    }
}
