//! The flags, each with its environment variable. All are texts here: configuration.rs reads them,
//! together with those of the file, so that a value is judged in one place wherever it comes from.

use clap::Args;

/// Where the data is: what every command needs.
#[derive(Args, Clone, Default)]
pub(crate) struct StoreOptions {
    /// A settings file; ./cognate.toml is read where it exists.
    #[arg(long, env = "COGNATE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<String>,
    /// The folder of the database and the master key [default: ./cognate-data, for dev
    /// ./cognate-dev-data].
    #[arg(long, env = "COGNATE_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
    /// sqlite:FILE or postgres://… [default: SQLite in the data folder].
    #[arg(
        long,
        env = "COGNATE_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub(crate) database_url: Option<String>,
    /// The master key, made on first start [default: master.key in the data folder].
    /// COGNATE_MASTER_KEY holds the key itself instead.
    #[arg(long, env = "COGNATE_MASTER_KEY_FILE", value_name = "FILE")]
    pub(crate) master_key_file: Option<String>,
}

/// How to serve.
#[derive(Args, Clone, Default)]
pub(crate) struct ServerOptions {
    #[command(flatten)]
    pub(crate) store: StoreOptions,
    /// The address to listen on; port 0 takes any that is free [default: 127.0.0.1:9229].
    #[arg(long, env = "COGNATE_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// The address under which clients reach this server; issuers and mailed links begin with it
    /// [default: from --listen].
    #[arg(long, env = "COGNATE_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// The region of pool ids and of signatures [default: us-east-1].
    #[arg(long, env = "COGNATE_REGION", value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// The twelve digits of ARNs [default: 000000000000].
    #[arg(long, env = "COGNATE_ACCOUNT_ID", value_name = "DIGITS")]
    pub(crate) account_id: Option<String>,
    /// The issuer of tokens, with {pool} and, if wanted, {region} [default: {public-url}/{pool}].
    #[arg(long, env = "COGNATE_ISSUER", value_name = "TEMPLATE")]
    pub(crate) issuer: Option<String>,
    /// The issuer of pools with IssuerConfiguration UPDATED, with {pool} and, if wanted, {region}
    /// [default: none, and UPDATED is refused].
    #[arg(long, env = "COGNATE_ISSUER_UPDATED", value_name = "TEMPLATE")]
    pub(crate) issuer_updated: Option<String>,
    /// Operations that nobody may call, as SignUp,ForgotPassword; may be given several times, or
    /// separated by commas [default: none].
    #[arg(
        long,
        env = "COGNATE_OPERATIONS_OFF",
        value_name = "OPERATION",
        value_delimiter = ','
    )]
    pub(crate) operations_off: Vec<String>,
    /// The mail server: smtp://HOST[:PORT], smtp://USER:PASSWORD@HOST or smtps://….
    #[arg(
        long,
        env = "COGNATE_SMTP_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub(crate) smtp_url: Option<String>,
    /// The sender of mail where a pool names none: ADDRESS or NAME <ADDRESS> [default: no-reply@
    /// the public URL's host].
    #[arg(long, env = "COGNATE_MAIL_FROM", value_name = "SENDER")]
    pub(crate) mail_from: Option<String>,
    /// As whom pools may send mail: addresses and domains, as example.com,shop@example.net; * for
    /// anybody [default: the domain of --mail-from; dev: anybody].
    #[arg(
        long,
        env = "COGNATE_MAIL_SENDERS",
        value_name = "SENDER",
        value_delimiter = ','
    )]
    pub(crate) mail_senders: Vec<String>,
    /// An HTTP endpoint that sends text messages.
    #[arg(
        long,
        env = "COGNATE_SMS_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub(crate) sms_url: Option<String>,
    /// The beginnings of phone numbers that messages are sent to, as +1,+44; others are refused
    /// [default: all numbers].
    #[arg(
        long,
        env = "COGNATE_SMS_PREFIXES",
        value_name = "PREFIX",
        value_delimiter = ','
    )]
    pub(crate) sms_prefixes: Vec<String>,
    /// Where triggers are invoked. Not built yet, and therefore refused.
    #[arg(
        long,
        env = "COGNATE_LAMBDA_ENDPOINT",
        value_name = "URL",
        hide_env_values = true
    )]
    pub(crate) lambda_endpoint: Option<String>,
    /// The certificate chain (PEM) for HTTPS; read again when it changes.
    #[arg(long, env = "COGNATE_TLS_CERT", value_name = "FILE")]
    pub(crate) tls_cert: Option<String>,
    /// The certificate's private key (PEM).
    #[arg(long, env = "COGNATE_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<String>,
    /// The operator's listener, with /metrics; none for none [default: 127.0.0.1:9230].
    #[arg(long, env = "COGNATE_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) admin_listen: Option<String>,
    /// A proxy whose X-Forwarded-For is believed: an address or a network; may be given several
    /// times, or separated by commas.
    #[arg(
        long,
        env = "COGNATE_TRUSTED_PROXY",
        value_name = "NETWORK",
        value_delimiter = ','
    )]
    pub(crate) trusted_proxy: Vec<String>,
    /// How many connections are served at once; more wait [default: 4096].
    #[arg(long, env = "COGNATE_MAX_CONNECTIONS", value_name = "NUMBER")]
    pub(crate) max_connections: Option<String>,
    /// Sign-ups from one network address, on each node: NUMBER/TIME, or none [default: 100/10m].
    #[arg(long, env = "COGNATE_LIMITS_SIGN_UPS_PER_ADDRESS", value_name = "RATE")]
    pub(crate) limits_sign_ups_per_address: Option<String>,
    /// Failed guesses of one network address, on each node: NUMBER/TIME, or none [default: 100/5m].
    #[arg(long, env = "COGNATE_LIMITS_FAILURES_PER_ADDRESS", value_name = "RATE")]
    pub(crate) limits_failures_per_address: Option<String>,
    /// Messages that one network address asks for, on each node: NUMBER/TIME, or none [default:
    /// 30/10m].
    #[arg(long, env = "COGNATE_LIMITS_MESSAGES_PER_ADDRESS", value_name = "RATE")]
    pub(crate) limits_messages_per_address: Option<String>,
    /// Mails to users of one pool in an hour, on all nodes together: a number, or none [default:
    /// 10000].
    #[arg(
        long,
        env = "COGNATE_LIMITS_MAIL_PER_POOL_AND_HOUR",
        value_name = "NUMBER"
    )]
    pub(crate) limits_mail_per_pool_and_hour: Option<String>,
    /// Text messages to users of one pool in an hour, on all nodes together: a number, or none
    /// [default: 1000].
    #[arg(
        long,
        env = "COGNATE_LIMITS_SMS_PER_POOL_AND_HOUR",
        value_name = "NUMBER"
    )]
    pub(crate) limits_sms_per_pool_and_hour: Option<String>,
    /// User pools, on all nodes together: a number, or none [default: 1000].
    #[arg(long, env = "COGNATE_LIMITS_USER_POOLS", value_name = "NUMBER")]
    pub(crate) limits_user_pools: Option<String>,
    /// The rates that requests are let through at: off, cognito for those of Amazon Cognito, or
    /// categories with others, in requests a second, as UserRead=500 or UserRead=500-2000; may be
    /// given several times, or separated by commas [default: off].
    #[arg(
        long,
        env = "COGNATE_REQUEST_RATES",
        value_name = "RATES",
        value_delimiter = ','
    )]
    pub(crate) request_rates: Vec<String>,
    /// What is logged, as tracing's filters are written: info, or debug, or warn,cognate_web=debug
    /// [default: info].
    #[arg(long, env = "COGNATE_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// text or json [default: text].
    #[arg(long, env = "COGNATE_LOG_FORMAT", value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
}

/// What development mode has besides.
#[derive(Args, Clone, Default)]
pub(crate) struct DevOptions {
    /// Make no demo pool and serve no demo site.
    #[arg(long, env = "COGNATE_NO_DEMO", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) no_demo: Option<String>,
    /// Listen on other addresses than loopback too. Whoever reaches them is an administrator.
    #[arg(long, env = "COGNATE_ALLOW_REMOTE", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) allow_remote: Option<String>,
    /// Speak HTTPS with a certificate of a local authority in the data folder, whose file is named
    /// at the start.
    #[arg(long, env = "COGNATE_HTTPS", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) https: Option<String>,
    /// Stand in for AWS in a region, for programs with AWS's host built in: its names by HTTPS on
    /// port 443, its issuer.
    #[arg(long, env = "COGNATE_AS_AWS", value_name = "REGION")]
    pub(crate) as_aws: Option<String>,
    /// Where --as-aws listens [default: port 443 of the address that --listen names].
    #[arg(long, env = "COGNATE_AS_AWS_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) as_aws_listen: Option<String>,
}
