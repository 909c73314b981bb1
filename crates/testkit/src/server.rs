//! The server of a test.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use cognate_api::{Operation, OperationInfo};
use cognate_crypto::random::Random;
use cognate_crypto::seal::MasterKey;
use cognate_model::policy::Policy;
use cognate_model::request_rates::table::RateTable;
use cognate_model::{Sender, Timestamp};
use cognate_outbound::{Inbox, Mailer, Outbound, Received, Script, Senders, SmsSender, Triggers};
use cognate_service::{
    App, Clock, Config, Entropy, KeyStock, Limits, access_keys, expire_some, index_some,
    index_terms, operations,
};
use cognate_store::{Db, DbOptions, FaultPlan};
use cognate_web::demo::{DemoConfig, DemoPasswordPolicy};
use cognate_web::{Access, Doorkeeper, Doors, InFlight, InboxPage, Network, Observer, router};
use serde::Serialize;
use tower_service::Service;

use crate::{ApiError, Call, Key, PoolBuilder, TestUser, signing_keys};

/// When every test begins: 1 July 2026, noon.
const BEGINNING: Timestamp = Timestamp(1_782_907_200_000);

/// The sender of mail where a pool names none.
const MAIL_FROM: &str = "no-reply@cognate.test";

/// A server of a test's own; a clone is the same server.
#[derive(Clone)]
pub struct TestServer(Arc<Inner>);

struct Inner {
    app: Arc<App>,
    router: Router,
    inbox: Inbox,
    faults: FaultPlan,
    key: Key,
    signing_keys: KeyStock,
    random: Mutex<Random>,
}

/// How a server is to be.
pub struct ServerBuilder {
    database: String,
    master_key: MasterKey,
    now: Timestamp,
    access: Access,
    public_url: String,
    trusted_proxies: Vec<Network>,
    site: bool,
    issuer: Option<String>,
    issuer_updated: Option<String>,
    outbound: Option<Outbound>,
    triggers: Triggers,
    sms_prefixes: Vec<String>,
    mail_senders: Senders,
    limits: Limits,
    request_rates: Option<RateTable>,
    seed: u8,
}

impl TestServer {
    /// A server on SQLite in memory.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// A server with settings of its own.
    #[must_use]
    pub fn builder() -> ServerBuilder {
        ServerBuilder {
            database: "sqlite::memory:".to_owned(),
            master_key: master_key(),
            now: BEGINNING,
            access: Access::AccessKeys,
            public_url: "http://cognate.test".to_owned(),
            trusted_proxies: Vec::new(),
            site: false,
            issuer: None,
            issuer_updated: None,
            outbound: None,
            triggers: Triggers::None,
            sms_prefixes: Vec::new(),
            mail_senders: Senders::Anybody,
            limits: Limits::default(),
            request_rates: None,
            seed: 42,
        }
    }

    /// Deletes all that has run out, as the background job does.
    pub async fn expire(&self) {
        while expire_some(&self.0.app, "testkit")
            .await
            .expect("what has run out is deleted")
        {}
    }

    /// Brings the index of searches up to date, as the background job does.
    pub async fn index_users(&self) {
        let mut reached = None;
        loop {
            let step = index_some(&self.0.app, "testkit", reached).await;
            reached = step.expect("users are indexed");
            if reached.is_none() {
                break;
            }
        }
        while index_terms(&self.0.app, "testkit")
            .await
            .expect("users get their terms")
        {}
    }

    /// One beat of the node, as the background job gives once a second.
    pub async fn beat(&self) {
        cognate_service::beat(&self.0.app)
            .await
            .expect("a node beats");
    }

    /// Another node on the same database, with the same clock and inbox, and nothing else in
    /// common.
    #[must_use]
    pub fn node(&self) -> Self {
        self.node_with(inbox_outbound(&self.0.inbox))
    }

    /// Another node, whose messages go another way.
    #[must_use]
    pub fn node_with(&self, outbound: Outbound) -> Self {
        self.beside(self.0.app.db.clone(), outbound, self.0.faults.clone())
    }

    /// Another node, whose messages go another way, and whose operator lets pools send mail as
    /// these only.
    #[must_use]
    pub fn node_that_lets_send_as<const N: usize>(
        &self,
        rules: [&str; N],
        outbound: Outbound,
    ) -> Self {
        let app = &self.0.app;
        let mut config = app.config.clone();
        config.mail_senders = senders(&rules);
        self.beside_with(app.db.clone(), outbound, self.0.faults.clone(), config)
    }

    /// Another node, with an issuer for pools with IssuerConfiguration UPDATED.
    #[must_use]
    pub fn node_with_second_issuer(&self, issuer: &str) -> Self {
        self.node_with_issuers(Some(issuer.to_owned()))
    }

    /// Another node, without one.
    #[must_use]
    pub fn node_without_second_issuer(&self) -> Self {
        self.node_with_issuers(None)
    }

    fn node_with_issuers(&self, issuer_updated: Option<String>) -> Self {
        let app = &self.0.app;
        let config = Config {
            issuer_updated,
            ..app.config.clone()
        };
        let outbound = inbox_outbound(&self.0.inbox);
        self.beside_with(app.db.clone(), outbound, self.0.faults.clone(), config)
    }

    /// Another node, on which operations are off.
    #[must_use]
    pub fn node_with_operations_off<'a>(&self, off: impl Iterator<Item = &'a str>) -> Self {
        let app = &self.0.app;
        let config = Config {
            operations_off: off.map(str::to_owned).collect(),
            ..app.config.clone()
        };
        let outbound = inbox_outbound(&self.0.inbox);
        self.beside_with(app.db.clone(), outbound, self.0.faults.clone(), config)
    }

    /// Another node, with rates of requests.
    #[must_use]
    pub fn node_with_rates(&self, rates: &[&str]) -> Self {
        let app = &self.0.app;
        let config = Config {
            request_rates: rate_table(rates),
            ..app.config.clone()
        };
        let outbound = inbox_outbound(&self.0.inbox);
        self.beside_with(app.db.clone(), outbound, self.0.faults.clone(), config)
    }

    /// Another node on a database of its own choice: [`TestServer::join`] gives it one that both
    /// share.
    pub(crate) fn beside(&self, db: Db, outbound: Outbound, faults: FaultPlan) -> Self {
        self.beside_with(db, outbound, faults, self.0.app.config.clone())
    }

    fn beside_with(&self, db: Db, outbound: Outbound, faults: FaultPlan, config: Config) -> Self {
        let app = &self.0.app;
        let signing_keys = self.0.signing_keys.clone();
        let entropy = Entropy::seeded_with_keys(self.random().bytes(), signing_keys.clone());
        let app = App::new(db, outbound, config, app.clock.clone(), entropy);
        Self(Arc::new(Inner {
            router: doors(&app, Access::AccessKeys, Vec::new(), false),
            app,
            inbox: self.0.inbox.clone(),
            faults,
            key: self.0.key.clone(),
            signing_keys,
            random: Mutex::new(self.random()),
        }))
    }

    /// A new user pool; await it, or say more first.
    #[must_use]
    pub fn pool(&self) -> PoolBuilder {
        PoolBuilder::new(self)
    }

    /// The usual beginning: a confirmed user, through an app client of a pool of their own.
    pub async fn confirmed_user(&self, name: &str) -> TestUser {
        self.pool()
            .await
            .client()
            .await
            .user(name)
            .confirmed()
            .await
    }

    /// Calls an operation as whoever it is for: signed by the server's own access key, or public.
    ///
    /// # Errors
    /// What the operation answers.
    pub async fn call<O: Operation>(&self, input: impl Serialize) -> Result<O::Output, ApiError>
    where
        O::Output: serde::de::DeserializeOwned,
    {
        Call::to::<O>(self, &input).send().await.output::<O>()
    }

    /// A call that is yet to be changed: unsigned, by another key, from another address.
    #[must_use]
    pub fn prepare<O: Operation>(&self, input: impl Serialize) -> Call {
        Call::to::<O>(self, &input)
    }

    /// A call of an operation that is known by its value.
    #[must_use]
    pub fn prepare_operation(&self, operation: &OperationInfo, input: &serde_json::Value) -> Call {
        Call::to_operation(self, operation, input.to_string().into_bytes())
    }

    /// Any HTTP request, as it is.
    pub async fn raw(&self, request: Request<Body>) -> Response<Body> {
        let Ok(response) = self.0.router.clone().call(request).await;
        response
    }

    /// A GET, with its answer as text.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let request = Request::get(path)
            .body(Body::empty())
            .expect("a path of a test is one");
        let response = self.raw(request).await;
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .expect("a body of the server's own ends");
        let text = String::from_utf8(body.to_vec()).expect("pages and documents are text");
        (status, text)
    }

    /// Lets time pass.
    pub fn advance(&self, span: Duration) {
        self.0.app.clock.advance(span);
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.app.clock.now()
    }

    pub(crate) fn inbox(&self) -> &Inbox {
        &self.0.inbox
    }

    /// What was sent to an address or phone number. Delivers first whatever is due.
    pub async fn mailbox(&self, address: &str) -> Mailbox {
        self.deliver().await;
        Mailbox(self.0.inbox.for_recipient(address))
    }

    /// Delivers what is due, as the background job does; gives how many messages were tried.
    pub async fn deliver(&self) -> usize {
        let mut tried = 0;
        loop {
            let delivered = cognate_service::deliver_due(&self.0.app).await;
            match delivered.expect("the outbox is worked off") {
                0 => return tried,
                more => tried += more,
            }
        }
    }

    /// All messages that were sent.
    #[must_use]
    pub fn sent(&self) -> Vec<Received> {
        self.0.inbox.list()
    }

    /// Where faults of the database are ordered.
    #[must_use]
    pub fn faults(&self) -> &FaultPlan {
        &self.0.faults
    }

    /// The node's inside.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.0.app
    }

    /// The access key that calls are signed with: it may do everything.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.0.key
    }

    /// Makes an access key with a policy.
    pub async fn access_key(&self, name: &str, policy: &serde_json::Value) -> Key {
        make_key(
            &self.0.app,
            name,
            access_keys::parse_policy(&policy.to_string()).expect("a policy of a test parses"),
        )
        .await
    }

    /// A random generator of the test's own.
    #[must_use]
    pub fn random(&self) -> Random {
        let mut random = self.0.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.derive()
    }
}

impl ServerBuilder {
    /// On another database.
    #[must_use]
    pub fn on(mut self, url: &str) -> Self {
        url.clone_into(&mut self.database);
        self
    }

    /// With secrets of its own, where others have the same.
    #[must_use]
    pub fn seeded(mut self, seed: u8) -> Self {
        self.seed = seed;
        self
    }

    /// With the master key of a database that another server has made.
    #[must_use]
    pub fn under(mut self, master_key: MasterKey) -> Self {
        self.master_key = master_key;
        self
    }

    /// Beginning at another time.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// In development mode: signed operations take anybody.
    #[must_use]
    pub fn development(mut self) -> Self {
        self.access = Access::Development;
        self
    }

    /// Reached at another address.
    #[must_use]
    pub fn public_url(mut self, url: &str) -> Self {
        url.clone_into(&mut self.public_url);
        self
    }

    /// Behind proxies whose X-Forwarded-For is believed.
    #[must_use]
    pub fn behind<const N: usize>(mut self, proxies: [&str; N]) -> Self {
        self.trusted_proxies = proxies
            .map(|text| Network::parse(text).expect("a network of a test parses"))
            .to_vec();
        self
    }

    /// With the demo site and the inbox page, both of nobody: what is looked at is where they are.
    #[must_use]
    pub fn with_site(mut self) -> Self {
        self.site = true;
        self
    }

    /// With another issuer.
    #[must_use]
    pub fn issuer(mut self, issuer: &str) -> Self {
        self.issuer = Some(issuer.to_owned());
        self
    }

    /// With an issuer for pools with IssuerConfiguration UPDATED.
    #[must_use]
    pub fn issuer_updated(mut self, issuer: &str) -> Self {
        self.issuer_updated = Some(issuer.to_owned());
        self
    }

    /// With another way for messages.
    #[must_use]
    pub fn outbound(mut self, outbound: Outbound) -> Self {
        self.outbound = Some(outbound);
        self
    }

    /// With a script in the place of the pools' own code.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.triggers = Triggers::Scripted(Arc::new(script));
        self
    }

    /// With messages only to phone numbers that begin with these.
    #[must_use]
    pub fn sms_prefixes<const N: usize>(mut self, prefixes: [&str; N]) -> Self {
        self.sms_prefixes = prefixes.map(str::to_owned).to_vec();
        self
    }

    /// With mail of pools only from these senders, as an operator names them, and from the server's
    /// own.
    #[must_use]
    pub fn mail_senders<const N: usize>(mut self, rules: [&str; N]) -> Self {
        self.mail_senders = senders(&rules);
        self
    }

    /// With other limits.
    #[must_use]
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// With rates of requests, as an operator names them.
    #[must_use]
    pub fn request_rates(mut self, rates: &[&str]) -> Self {
        self.request_rates = rate_table(rates);
        self
    }

    /// Starts it.
    pub async fn start(self) -> TestServer {
        let mut random = Random::from_seed([self.seed; 32]);
        let faults = FaultPlan::armable();
        let mut options = DbOptions::new(&self.database, self.master_key, random.derive());
        options.faults = faults.clone();
        let db = Db::open(options)
            .await
            .expect("the database of a test opens");
        let inbox = Inbox::new();
        let config = Config {
            public_url: self.public_url,
            issuer: self.issuer,
            issuer_updated: self.issuer_updated,
            region: "us-east-1".to_owned(),
            account_id: "123456789012".to_owned(),
            mail_from: MAIL_FROM.to_owned(),
            mail_senders: self.mail_senders,
            sms_prefixes: self.sms_prefixes,
            limits: self.limits,
            request_rates: self.request_rates,
            operations_off: BTreeSet::new(),
        };
        let mut outbound = self.outbound.unwrap_or_else(|| inbox_outbound(&inbox));
        outbound.triggers = self.triggers;
        let signing_keys = signing_keys::stock();
        let app = App::new(
            db,
            outbound,
            config
                .check()
                .expect("a configuration of a test can be served"),
            Clock::manual(self.now),
            Entropy::seeded_with_keys(random.bytes(), signing_keys.clone()),
        );
        let key = make_key(&app, "testkit", Policy::allow_all()).await;
        TestServer(Arc::new(Inner {
            router: doors(&app, self.access, self.trusted_proxies, self.site),
            app,
            inbox,
            faults,
            key,
            signing_keys,
            random: Mutex::new(random),
        }))
    }
}

fn rate_table(rates: &[&str]) -> Option<RateTable> {
    let rates: Vec<_> = rates.iter().map(|&rate| rate.to_owned()).collect();
    RateTable::parse(&rates).expect("rates of a test parse")
}

fn senders(rules: &[&str]) -> Senders {
    let own = Sender::parse(MAIL_FROM)
        .expect("the sender of all tests parses")
        .address;
    Senders::parse(rules, &own).expect("senders of a test parse")
}

/// The master key of every server and node of a test.
#[must_use]
pub fn master_key() -> MasterKey {
    MasterKey::from_bytes(std::array::from_fn(|at| {
        u8::try_from(at).expect("a key has 32 bytes")
    }))
}

/// Mail and text messages that go into an inbox.
#[must_use]
pub fn inbox_outbound(inbox: &Inbox) -> Outbound {
    Outbound {
        mail: Mailer::Inbox(inbox.clone()),
        sms: SmsSender::Inbox(inbox.clone()),
        triggers: Triggers::None,
    }
}

fn doors(app: &Arc<App>, access: Access, trusted_proxies: Vec<Network>, site: bool) -> Router {
    let demo = DemoConfig {
        region: app.config.region.clone(),
        user_pool_id: String::new(),
        client_id: String::new(),
        inbox_url: Some("/dev/inbox".to_owned()),
        password_policy: DemoPasswordPolicy {
            minimum_length: 8,
            require_uppercase: true,
            require_lowercase: true,
            require_numbers: true,
            require_symbols: false,
        },
        authenticator_apps: false,
        passkeys: None,
        sessions: false,
    };
    let inbox = || InboxPage {
        public_host: Some("cognate.test".to_owned()),
        messages: Box::new(|_| Box::pin(async { Vec::new() })),
    };
    let (in_flight, observer) = (InFlight::new(1000), Observer::none());
    router(Doors {
        keeper: Doorkeeper::new(Arc::clone(app), trusted_proxies, in_flight, observer),
        operations: Arc::new(operations()),
        access,
        demo: site.then_some(demo),
        inbox: site.then(inbox),
    })
}

async fn make_key(app: &Arc<App>, name: &str, policy: Policy) -> Key {
    let (key, secret) = access_keys::create(&app.db, &app.clock, &app.entropy, name, policy)
        .await
        .expect("an access key is made");
    Key {
        id: key.id,
        secret,
        region: app.config.region.clone(),
        service: "cognito-idp".to_owned(),
    }
}

/// The messages to one address, oldest first.
pub struct Mailbox(pub Vec<Received>);

impl Mailbox {
    /// The code in the newest message that has one.
    #[must_use]
    pub fn last_code(&self) -> String {
        self.0
            .iter()
            .rev()
            .find_map(Received::code)
            .expect("a message with a code")
    }

    /// The text of the newest message.
    #[must_use]
    pub fn last_text(&self) -> &str {
        self.0.last().expect("a message").text()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
