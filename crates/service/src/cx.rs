//! What one request carries: the node, the time, its randomness, who calls and from where.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use cognate_crypto::random::Random;
use cognate_model::{Timestamp, user_agent};

use crate::app::App;
use crate::limits::client_address::ClientAddress;
use crate::limits::origin::Origin;
use crate::operators::caller::Caller;

/// A request's context; a clone is the same request.
#[derive(Clone)]
pub struct Cx(Arc<Request>);

/// The request behind a [`Cx`].
pub struct Request {
    /// The node.
    pub app: Arc<App>,
    /// Now, read once.
    pub now: Timestamp,
    /// The request's id, a UUID, which answers carry.
    pub request_id: String,
    /// Who calls.
    pub caller: Caller,
    /// The address that the request came from, where there is one.
    pub address: Option<ClientAddress>,
    /// What the caller's program says of itself: the beginning of its User-Agent header.
    pub user_agent: Option<Arc<str>>,
    /// For whom it is counted, where limits go by network address.
    pub(crate) origin: Origin,
    /// The user's address, where a backend names it that may.
    named: Option<IpAddr>,
    random: Mutex<Random>,
}

impl Deref for Cx {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.0
    }
}

impl Cx {
    /// A context for a request that has just come in: reads the clock and makes its id.
    #[must_use]
    pub fn new(app: &Arc<App>, caller: Caller, address: Option<ClientAddress>) -> Self {
        Arrival::new(app, address, None).called_by(caller)
    }

    /// The same request, counted for another.
    pub(crate) fn counted_for(&self, origin: Origin) -> Self {
        self.made(origin, self.named)
    }

    /// The same request, made and counted for the user at an address.
    pub(crate) fn made_for(&self, user: IpAddr) -> Self {
        self.made(Origin::Address(user), Some(user))
    }

    fn made(&self, origin: Origin, named: Option<IpAddr>) -> Self {
        Self(Arc::new(Request {
            app: Arc::clone(&self.app),
            now: self.now,
            request_id: self.request_id.clone(),
            caller: self.caller.clone(),
            address: self.address,
            user_agent: self.user_agent.clone(),
            origin,
            named,
            random: Mutex::new(self.random()),
        }))
    }

    /// Runs costly pure work (SRP, RSA) on a blocking thread, in the turn of whom the request is
    /// counted for ([`App::compute`](crate::App)).
    ///
    /// # Errors
    /// When the work panicked or the runtime is stopping.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> crate::Result<T> {
        self.compute_hash(None, work).await
    }

    /// The same for work that may hash a password: then `memory` is what that takes, in bytes.
    ///
    /// # Errors
    /// As [`Cx::compute`].
    pub(crate) async fn compute_hash<T: Send + 'static>(
        &self,
        memory: Option<usize>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> crate::Result<T> {
        let widest = self.origin.counted().pop().map(|(counted, _)| counted);
        let room = match memory {
            Some(memory) => Some(self.app.hashing.enter(widest.clone(), memory).await?),
            None => None,
        };
        // Kept until the work ends, as its thread is.
        let work = move || {
            let done = work();
            drop(room);
            done
        };
        self.app.compute_for(widest, work).await
    }
}

/// A request that has just come in, of which it is not known yet who calls: a door tells that by
/// its time.
pub struct Arrival {
    /// Now, read once.
    pub now: Timestamp,
    /// The request's id, a UUID, which answers carry.
    pub request_id: String,
    /// The address that the request came from, where there is one.
    pub address: Option<ClientAddress>,
    user_agent: Option<Arc<str>>,
    app: Arc<App>,
    random: Random,
}

impl Arrival {
    /// Reads the clock and makes the request's id. Of the User-Agent header so much is kept as is
    /// ever read of it.
    #[must_use]
    pub fn new(app: &Arc<App>, address: Option<ClientAddress>, user_agent: Option<&str>) -> Self {
        let user_agent = user_agent.map(|header| {
            let kept: String = header.chars().take(user_agent::LONGEST).collect();
            Arc::from(kept)
        });
        let mut random = app.entropy.generator();
        Self {
            now: app.clock.now(),
            request_id: random.uuid_v4(),
            address,
            user_agent,
            app: Arc::clone(app),
            random,
        }
    }

    /// The context of the request, now that it is known who calls.
    #[must_use]
    pub fn called_by(self, caller: Caller) -> Cx {
        let Self {
            now,
            request_id,
            address,
            user_agent,
            app,
            random,
        } = self;
        Cx(Arc::new(Request {
            origin: origin_of(&caller, address),
            app,
            now,
            request_id,
            caller,
            address,
            user_agent,
            named: None,
            random: Mutex::new(random),
        }))
    }
}

impl Request {
    /// The address that the request came from, or the user's where a backend names it.
    pub(crate) fn user_address(&self) -> Option<String> {
        let address = self.named.or(self.address.map(ClientAddress::ip));
        address.map(|ip| ip.to_string())
    }

    /// A generator of this request's own.
    #[must_use]
    pub fn random(&self) -> Random {
        self.random
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .derive()
    }
}

/// For whom a request is counted that has just come in, as its caller and its address tell.
fn origin_of(caller: &Caller, address: Option<ClientAddress>) -> Origin {
    match (caller, address) {
        (Caller::AccessKey { .. } | Caller::Development, _) => Origin::Backend,
        (Caller::Public, Some(address)) if !address.is_this_machine() => {
            Origin::Address(address.ip())
        }
        (Caller::Public, _) => Origin::ThisMachine,
    }
}
