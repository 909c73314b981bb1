//! The table from an operation's name to the function that does it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use cognate_api::{Operation, OperationInfo, Service, json};
use serde_json::Value;

use crate::{Cx, Result, failure};

type Call =
    Box<dyn Fn(Cx, Value) -> Pin<Box<dyn Future<Output = Result<Vec<u8>>> + Send>> + Send + Sync>;

/// The operations that are built.
#[derive(Default)]
pub struct Operations(HashMap<(Service, &'static str), Entry>);

/// One operation that is built.
pub struct Entry {
    /// What its model says of it.
    pub info: OperationInfo,
    call: Call,
}

impl Operations {
    /// No operations.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the function that does an operation.
    #[must_use]
    pub fn on<O, F, Fut>(mut self, operation: O, function: F) -> Self
    where
        O: Operation,
        F: Fn(Cx, O::Input) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O::Output>> + Send + 'static,
    {
        let _ = operation;
        let call: Call = Box::new(move |cx, input| {
            // Validation has checked the types; what fails here is a value that no Rust type holds,
            // such as a number out of range.
            match json::decode::<O>(input) {
                Ok(input) => {
                    let output = function(cx, input);
                    Box::pin(async move { json::render_output(&output.await?) })
                }
                Err(error) => Box::pin(async { Err(error) }),
            }
        });
        let entry = Entry {
            info: O::INFO,
            call,
        };
        self.insert((O::SERVICE, O::NAME), entry);
        self
    }

    /// These operations and others.
    #[must_use]
    pub fn join(mut self, others: Self) -> Self {
        for (name, entry) in others.0 {
            self.insert(name, entry);
        }
        self
    }

    /// Adds an operation. One that is listed twice is a mistake of whoever wrote the lists, and no
    /// server starts with it.
    fn insert(&mut self, name: (Service, &'static str), entry: Entry) {
        let before = self.0.insert(name, entry);
        assert!(before.is_none(), "{} is listed twice", name.1);
    }

    /// The operation of a name, if it is built.
    #[must_use]
    pub fn find(&self, service: Service, name: &str) -> Option<&Entry> {
        // The key's lifetime is the map's: a lookup by a shorter one goes over the model's own
        // list.
        let info = service.operations().iter().find(|info| info.name == name)?;
        self.0.get(&(service, info.name))
    }

    /// All that are built.
    pub fn iter(&self) -> impl Iterator<Item = &OperationInfo> {
        self.0.values().map(|entry| &entry.info)
    }
}

impl Entry {
    /// Does it, with validated input; gives the answer's JSON.
    ///
    /// # Errors
    /// What the operation answers.
    pub async fn call(&self, cx: Cx, input: Value) -> Result<Vec<u8>> {
        (self.call)(cx, input).await.map_err(failure::for_callers)
    }
}
