//! What every door has around it, written once.
//!
//! A door is a way in for one kind of request: AWS JSON on `POST /`, the form of a page, later the
//! endpoints of OAuth, SAML, the console, Query protocols and webhooks. It says four things in
//! [`Door`]: what a request is called in the log and in metrics, how large its body may be, what
//! work it asks for, and how success, failure and a request that was turned away look.
//!
//! The [`Doorkeeper`] does the rest, in this order: it accounts for the memory of head and body,
//! reads the body in time, gives the request a place among those that run (and no network address
//! more than its share), runs the work as a task of its own, which ends even when the client hangs
//! up or the work panics, and writes one line to the log and one count to the metrics.
//!
//! Requests that ask for no work need no door and are plain routes: `/healthz` and `/readyz`, which
//! must answer when there is no place left; the documents below `/.well-known/`, which have no
//! body, are kept in memory, and are read by whoever verifies tokens, above all when a node is
//! busy; doctor's question, which must be answered then too; files; and the pages that a mailed
//! link opens, which look nothing up.

mod admitted;
mod body;
mod budget;
mod definition;
mod exchange;
mod in_flight;
mod keeper;
mod observer;
mod peer;
mod pieces;

pub use admitted::Admitted;
pub use budget::{Allowance, Room};
pub use definition::Door;
pub use exchange::Exchange;
pub use in_flight::InFlight;
pub use keeper::Doorkeeper;
pub use observer::{Finished, Observer};
pub use peer::{Network, NetworkError, Peer};
pub use pieces::Pieces;
