//! A description of an API in the form of OpenAPI 3.1. It is generated from the types of requests and responses: from
//! their serde attributes and their doc comments.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    Role,
    gate::COOKIE,
    response::{Done, Error},
};
use crate::wire::http::{Method, Status};

/// Failures that an [`Operation`] can name, with their descriptions.
const FAILURES: [(Status, &str); 7] = [
    (Status::BAD_REQUEST, "The body is not as described."),
    (Status::UNAUTHORIZED, "Log in first, or send the password as a bearer token."),
    (
        Status::FORBIDDEN,
        "The sender's role does not permit this, another site sent it, or it names a host that is not this server.",
    ),
    (Status::NOT_FOUND, "There is no such thing."),
    (
        Status::CONFLICT,
        "Send it again with `confirm` if you mean it; `confirm` of the response gives the reason. If the response has \
         no `confirm`, `error` says what to do first.",
    ),
    (
        Status::TOO_MANY_REQUESTS,
        "Too many wrong passwords came from this address. `Retry-After` says how long to wait. A right random password \
         is accepted all the same.",
    ),
    (Status::SERVICE_UNAVAILABLE, "Not possible at the moment. `error` gives the reason."),
];

/// Access that a request must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredAccess {
    /// None: the response is public and does not depend on the request.
    Public,
    /// No password, but a browser must not have sent the request from another site or under another name.
    SameSite,
    /// A password, or an admin session, of an operator with this role or a higher one.
    Role(Role),
}

/// A request to an API, for its description. Define it in a constant, beside its route.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    method: Method,
    path: &'static str,
    summary: &'static str,
    access: RequiredAccess,
    query: &'static [&'static str],
    body: Option<SchemaOf>,
    content: Content,
    failures: &'static [Status],
    commands: &'static [&'static str],
}

type SchemaOf = fn(&mut SchemaGenerator) -> Value;

/// Body of a successful response.
#[derive(Clone, Copy, Debug)]
enum Content {
    Json(SchemaOf),
    /// Text of this media type.
    Text(&'static str),
}

impl Operation {
    /// Describes a request that has no body, and whose response is `{}`. Reading takes the least role, everything else
    /// the highest one. In the path, a variable segment is a name in braces.
    pub const fn new(method: Method, path: &'static str, summary: &'static str) -> Self {
        let least = if matches!(method, Method::Get | Method::Head) { Role::Viewer } else { Role::Admin };
        let (access, content) = (RequiredAccess::Role(least), Content::Json(schema_of::<Done>));
        Self { method, path, summary, access, query: &[], body: None, content, failures: &[], commands: &[] }
    }

    /// Replaces the required access.
    #[must_use]
    pub const fn with_access(self, access: RequiredAccess) -> Self {
        Self { access, ..self }
    }

    /// Adds optional parameters in the query.
    #[must_use]
    pub const fn with_query(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    /// Adds a JSON body of this type.
    #[must_use]
    pub const fn with_body<T: JsonSchema>(self) -> Self {
        Self { body: Some(schema_of::<T>), ..self }
    }

    /// Replaces the response with JSON of this type.
    #[must_use]
    pub const fn returns<T: JsonSchema>(self) -> Self {
        Self { content: Content::Json(schema_of::<T>), ..self }
    }

    /// Replaces the response with text of this media type.
    #[must_use]
    pub const fn returns_text(self, media_type: &'static str) -> Self {
        Self { content: Content::Text(media_type), ..self }
    }

    /// Adds statuses of failures, besides those that follow from the body and the access.
    #[must_use]
    pub const fn fails_with(self, failures: &'static [Status]) -> Self {
        Self { failures, ..self }
    }

    /// Adds commands by which the host's program sends this request to the running server, such as `ban subject`:
    /// the name of the command, then names of the path, the query or the body, in the order of the command's words.
    /// `[search]` may be left out, and `name=message` has this value. All other names are options of the command. In
    /// the description they are the member `x-commands`.
    #[must_use]
    pub const fn with_commands(self, commands: &'static [&'static str]) -> Self {
        Self { commands, ..self }
    }

    /// Returns the method.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Returns the path, with names in braces.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Returns the required access.
    pub const fn access(&self) -> RequiredAccess {
        self.access
    }

    fn describe(&self, bodies: &mut SchemaGenerator, responses: &mut SchemaGenerator) -> Value {
        let (media_type, schema) = match self.content {
            Content::Json(schema) => ("application/json", schema(responses)),
            Content::Text(media_type) => (media_type, text()),
        };
        let success = json!({ "description": "Success.", "content": { media_type: { "schema": schema } } });
        let by_body = self.body.map(|_| Status::BAD_REQUEST);
        let by_access: &[Status] = match self.access {
            RequiredAccess::Public => &[],
            RequiredAccess::SameSite | RequiredAccess::Role(_) => {
                &[Status::UNAUTHORIZED, Status::FORBIDDEN, Status::TOO_MANY_REQUESTS]
            }
        };
        let failures = by_body.iter().chain(by_access).chain(self.failures).map(|status| {
            let code = format!("{}", status.code());
            let reference = json!({ "$ref": format!("#/components/responses/{code}") });
            (code, reference)
        });
        let security = match self.access {
            // OpenAPI 3.1 permits names of roles here: the least one that a request takes.
            RequiredAccess::Role(least) => json!([{ "bearer": [least] }, { "session": [least] }]),
            RequiredAccess::Public | RequiredAccess::SameSite => json!([]),
        };
        let in_path = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters: Vec<Value> = in_path
            .map(|name| parameter(name, "path", true))
            .chain(self.query.iter().map(|name| parameter(name, "query", false)))
            .collect();

        let statuses: Map<String, Value> = [("200".into(), success)].into_iter().chain(failures).collect();
        let members = [
            ("summary", Some(self.summary.into())),
            ("security", Some(security)),
            ("parameters", (!parameters.is_empty()).then(|| parameters.into())),
            ("requestBody", self.body.map(|schema| json_body(&schema(bodies)))),
            ("responses", Some(statuses.into())),
            ("x-commands", (!self.commands.is_empty()).then(|| self.commands.to_vec().into())),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Returns the description of an API as an OpenAPI document. `info` is its member of that name, with title and version.
///
/// ```
/// use mmcos_core::{admin::{Desk, Operation, document}, wire::http::Method};
///
/// /// Players online.
/// #[derive(schemars::JsonSchema)]
/// struct Online {
///     players: u32,
/// }
///
/// const ONLINE: Operation =
///     Operation::new(Method::Get, "/api/v1/online", "Returns the number of players.").returns::<Online>();
///
/// let info = serde_json::json!({ "title": "duel", "version": "1" });
/// let document = document(&info, [ONLINE].into_iter().chain(Desk::OPERATIONS));
/// assert!(document["paths"]["/healthz"].is_object());
/// assert_eq!(document["components"]["schemas"]["Online"]["description"], "Players online.");
/// ```
pub fn document(info: &Value, operations: impl IntoIterator<Item = Operation>) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
    });
    // On input, serde accepts missing members that it always writes, so bodies have a generator of their own. Their
    // schemas are inline: as components, their names could clash with those of responses.
    let mut bodies = settings.clone().with(|settings| settings.inline_subschemas = true).into_generator();
    let mut responses = settings.for_serialize().into_generator();
    let mut paths: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for operation in operations {
        let described = operation.describe(&mut bodies, &mut responses);
        let method = operation.method.name().to_ascii_lowercase();
        paths.entry(operation.path).or_default().insert(method, described);
    }
    let error = schema_of::<Error<'_>>(&mut responses);
    let failures: Map<String, Value> = FAILURES
        .iter()
        .map(|(status, text)| {
            let content = json!({ "application/json": { "schema": error } });
            (format!("{}", status.code()), json!({ "description": text, "content": content }))
        })
        .collect();
    let bearer =
        "The host's password, or that of a named operator. A request with it is accepted under any name.";
    let session = "An admin session of a browser. The cookie's name ends with _PORT where the address has a port, and \
                   with _tls over TLS without one. Requests that change something also need this server's `Origin`.";
    json!({
        "openapi": "3.1.0",
        "info": info,
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": bearer,
                },
                "session": { "type": "apiKey", "in": "cookie", "name": COOKIE, "description": session },
            },
            "responses": failures,
            "schemas": responses.take_definitions(true),
        },
    })
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().into()
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn parameter(name: &str, place: &str, required: bool) -> Value {
    json!({ "name": name, "in": place, "required": required, "schema": text() })
}

fn json_body(schema: &Value) -> Value {
    json!({ "required": true, "content": { "application/json": { "schema": schema } } })
}
