//! What the sign-in machine decides on.

use super::account::Account;
use crate::app_client::AppClient;
use crate::ids::DeviceKey;
use crate::lockout::Lockout;
use crate::time::Timestamp;
use crate::user_pool::UserPool;

/// What is true when a request comes in, read once.
pub struct Facts<'a> {
    /// The pool.
    pub pool: &'a UserPool,
    /// The app client.
    pub client: &'a AppClient,
    /// Who the name belongs to.
    pub account: Account<'a>,
    /// The device that the request names, where the pool remembers devices.
    pub device: Option<&'a DeviceKey>,
    /// The failures of that name so far.
    pub lockout: Lockout,
    /// Now.
    pub now: Timestamp,
}
