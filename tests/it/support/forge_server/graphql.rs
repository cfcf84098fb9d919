//! GraphQL operations, read and held against the published schema: fields, arguments, variables and their types.

use std::collections::{BTreeMap, BTreeSet};

use graphql_parser::query::{self, Definition, OperationDefinition, TypeCondition};
use graphql_parser::schema::{self, TypeDefinition};
use serde_json::{Map, Value, json};

type Type = schema::Type<'static, String>;
type Literal = query::Value<'static, String>;

/// The schema, cut to what is used (`tests/forge/describe`).
pub(crate) struct Schema {
    kinds: BTreeMap<String, Kind>,
}

enum Kind {
    /// Objects and interfaces, with the interfaces that they implement.
    Fields(BTreeMap<String, Field>, Vec<String>),
    Input(BTreeMap<String, Argument>),
    Enum(BTreeSet<String>),
    Scalar,
}

struct Field {
    arguments: BTreeMap<String, Argument>,
    kind: Type,
}

struct Argument {
    kind: Type,
    default: Option<Literal>,
}

/// A good operation, with values in place of variables and fields in place of fragments.
#[derive(Debug)]
pub(crate) struct Operation {
    /// `Query` or `Mutation`.
    pub(crate) root: &'static str,
    pub(crate) selections: Vec<Selection>,
}

#[derive(Debug)]
pub(crate) enum Selection {
    Field(Chosen),
    /// Only for things of this type.
    On(String, Vec<Selection>),
}

/// A field as it is asked for.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// Under which name the answer has it.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) required: bool,
    pub(crate) selections: Vec<Selection>,
}

/// One reading of one document.
struct Reader<'a> {
    schema: &'a Schema,
    fragments: BTreeMap<String, query::FragmentDefinition<'static, String>>,
    declared: BTreeMap<String, (Type, bool)>,
    used: BTreeSet<String>,
    spread: BTreeSet<String>,
    variables: Map<String, Value>,
    faults: Vec<String>,
}

impl Schema {
    /// Reads `tests/forge/github.graphql`.
    pub(crate) fn read() -> Self {
        let path = format!("{}/tests/forge/github.graphql", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let document = schema::parse_schema::<String>(&text)
            .expect("a schema")
            .into_static();
        let mut kinds: BTreeMap<String, Kind> = ["Boolean", "Float", "ID", "Int", "String"]
            .into_iter()
            .map(|name| (name.to_owned(), Kind::Scalar))
            .collect();
        for definition in document.definitions {
            let schema::Definition::TypeDefinition(definition) = definition else {
                panic!("only types are known");
            };
            let (name, kind) = match definition {
                TypeDefinition::Object(one) => (
                    one.name,
                    Kind::Fields(fields(one.fields), one.implements_interfaces),
                ),
                TypeDefinition::Interface(one) => (
                    one.name,
                    Kind::Fields(fields(one.fields), one.implements_interfaces),
                ),
                TypeDefinition::InputObject(one) => (one.name, Kind::Input(inputs(one.fields))),
                TypeDefinition::Enum(one) => (
                    one.name,
                    Kind::Enum(one.values.into_iter().map(|value| value.name).collect()),
                ),
                TypeDefinition::Scalar(one) => (one.name, Kind::Scalar),
                TypeDefinition::Union(one) => panic!("the union {} is not known", one.name),
            };
            kinds.insert(name, kind);
        }
        Self { kinds }
    }

    /// The operation of a request's body, or everything that is wrong with it.
    pub(crate) fn operation(&self, body: &Value) -> Result<Operation, Vec<String>> {
        let text = body["query"].as_str().unwrap_or_default();
        let document = query::parse_query::<String>(text)
            .map_err(|error| vec![format!("the query does not parse: {error}")])?
            .into_static();
        let mut reader = Reader {
            schema: self,
            fragments: BTreeMap::new(),
            declared: BTreeMap::new(),
            used: BTreeSet::new(),
            spread: BTreeSet::new(),
            variables: body["variables"].as_object().cloned().unwrap_or_default(),
            faults: Vec::new(),
        };
        let mut operations = Vec::new();
        for definition in document.definitions {
            match definition {
                Definition::Operation(operation) => operations.push(parts(operation)),
                Definition::Fragment(fragment) => {
                    reader.fragments.insert(fragment.name.clone(), fragment);
                }
            }
        }
        let wanted = body["operationName"].as_str();
        operations.retain(|(name, ..)| wanted.is_none() || name.as_deref() == wanted);
        let [(_, root, variables, set)] = operations.as_slice() else {
            return Err(vec![format!("{} operations fit, not one", operations.len())]);
        };
        for key in body.as_object().into_iter().flatten().map(|(key, _)| key) {
            if !["query", "variables", "operationName"].contains(&key.as_str()) {
                reader.faults.push(format!("the key {key:?} is unknown"));
            }
        }
        reader.declare(variables);
        let selections = reader.selections(root, set);
        let unused = reader.declared.keys().filter(|name| !reader.used.contains(*name));
        let unused: Vec<String> = unused
            .map(|name| format!("variable ${name} is declared and not used"))
            .collect();
        reader.faults.extend(unused);
        let unspread: Vec<String> = reader
            .fragments
            .keys()
            .filter(|name| !reader.spread.contains(*name))
            .map(|name| format!("fragment {name} is not used"))
            .collect();
        reader.faults.extend(unspread);
        match reader.faults.is_empty() {
            true => Ok(Operation { root, selections }),
            false => Err(reader.faults),
        }
    }

    /// Whether a thing of type `name` is one of `wanted`.
    pub(crate) fn is_a(&self, name: &str, wanted: &str) -> bool {
        name == wanted
            || matches!(self.kinds.get(name), Some(Kind::Fields(_, interfaces)) if interfaces.iter().any(|one| one == wanted))
    }

    fn overlaps(&self, one: &str, other: &str) -> bool {
        self.kinds
            .keys()
            .any(|name| self.is_a(name, one) && self.is_a(name, other))
    }

    /// A value as the type takes it.
    fn coerce(&self, kind: &Type, value: Option<&Value>, at: &str, faults: &mut Vec<String>) -> Value {
        match (kind, value) {
            (Type::NonNullType(_), None | Some(Value::Null)) => {
                faults.push(format!("{at} is missing"));
                Value::Null
            }
            (Type::NonNullType(inner), value) => self.coerce(inner, value, at, faults),
            (_, None | Some(Value::Null)) => Value::Null,
            (Type::ListType(inner), Some(Value::Array(items))) => items
                .iter()
                .map(|item| self.coerce(inner, Some(item), &format!("{at}[]"), faults))
                .collect(),
            (Type::ListType(inner), value) => json!([self.coerce(inner, value, at, faults)]),
            (Type::NamedType(name), Some(value)) => {
                let good = match self.kinds.get(name) {
                    Some(Kind::Input(fields)) => return self.coerce_input(name, fields, value, at, faults),
                    Some(Kind::Enum(values)) => value.as_str().is_some_and(|value| values.contains(value)),
                    Some(Kind::Scalar) => match name.as_str() {
                        "Int" => value.as_i64().is_some_and(|value| i32::try_from(value).is_ok()),
                        "Boolean" => value.is_boolean(),
                        "Float" => value.is_number(),
                        "ID" => value.is_string() || value.is_i64(),
                        "GitObjectID" => value.as_str().is_some_and(|text| {
                            text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
                        }),
                        "Base64String" => value
                            .as_str()
                            .is_some_and(|text| super::repository::from_base64(text).is_ok()),
                        _ => value.is_string(),
                    },
                    Some(Kind::Fields(..)) | None => false,
                };
                if !good {
                    faults.push(format!("{at}: {value} is no {name}"));
                }
                value.clone()
            }
        }
    }

    fn coerce_input(
        &self,
        name: &str,
        fields: &BTreeMap<String, Argument>,
        value: &Value,
        at: &str,
        faults: &mut Vec<String>,
    ) -> Value {
        let Some(given) = value.as_object() else {
            faults.push(format!("{at}: {value} is no {name}"));
            return Value::Null;
        };
        for key in given.keys().filter(|key| !fields.contains_key(*key)) {
            faults.push(format!("{at}: {name} has no field {key:?}"));
        }
        let mut typed = Map::new();
        for (key, field) in fields {
            let default = field.default.as_ref().map(|literal| plain(literal, &Map::new()));
            let value = given.get(key).or(default.as_ref());
            let value = self.coerce(&field.kind, value, &format!("{at}.{key}"), faults);
            if given.contains_key(key) || !value.is_null() {
                typed.insert(key.clone(), value);
            }
        }
        Value::Object(typed)
    }
}

impl Reader<'_> {
    fn declare(&mut self, variables: &[query::VariableDefinition<'static, String>]) {
        let mut typed = Map::new();
        for one in variables {
            let default = one
                .default_value
                .as_ref()
                .map(|literal| plain(literal, &Map::new()));
            let value = self.variables.get(&one.name).or(default.as_ref());
            let at = format!("${}", one.name);
            let value = self.schema.coerce(&one.var_type, value, &at, &mut self.faults);
            typed.insert(one.name.clone(), value);
            self.declared
                .insert(one.name.clone(), (one.var_type.clone(), default.is_some()));
        }
        let stray = self.variables.keys().filter(|name| !typed.contains_key(*name));
        let stray: Vec<String> = stray
            .map(|name| format!("variable ${name} is given and not declared"))
            .collect();
        self.faults.extend(stray);
        self.variables = typed;
    }

    fn selections(&mut self, on: &str, set: &query::SelectionSet<'static, String>) -> Vec<Selection> {
        let mut selections = Vec::new();
        for item in &set.items {
            match item {
                query::Selection::Field(field) => selections.extend(self.field(on, field)),
                query::Selection::InlineFragment(fragment) => {
                    let kind = match &fragment.type_condition {
                        Some(TypeCondition::On(kind)) => kind.clone(),
                        None => on.to_owned(),
                    };
                    selections.extend(self.fragment(on, kind, &fragment.selection_set));
                }
                query::Selection::FragmentSpread(spread) => {
                    self.spread.insert(spread.fragment_name.clone());
                    match self.fragments.get(&spread.fragment_name).cloned() {
                        None => self
                            .faults
                            .push(format!("there is no fragment {}", spread.fragment_name)),
                        Some(fragment) => {
                            let TypeCondition::On(kind) = fragment.type_condition;
                            selections.extend(self.fragment(on, kind, &fragment.selection_set));
                        }
                    }
                }
            }
        }
        if selections.is_empty() {
            self.faults.push(format!("nothing is selected of {on}"));
        }
        selections
    }

    fn fragment(
        &mut self,
        on: &str,
        kind: String,
        set: &query::SelectionSet<'static, String>,
    ) -> Option<Selection> {
        if !self.schema.overlaps(on, &kind) {
            self.faults.push(format!("no {on} is ever a {kind}"));
            return None;
        }
        let inner = self.selections(&kind, set);
        Some(Selection::On(kind, inner))
    }

    fn field(&mut self, on: &str, field: &query::Field<'static, String>) -> Option<Selection> {
        if !field.directives.is_empty() {
            self.faults
                .push(format!("directives are not known here: {on}.{}", field.name));
        }
        let key = field.alias.as_ref().unwrap_or(&field.name).clone();
        if field.name == "__typename" {
            return Some(Selection::Field(Chosen {
                key,
                name: field.name.clone(),
                arguments: Map::new(),
                required: true,
                selections: Vec::new(),
            }));
        }
        let schema = self.schema;
        let known = match schema.kinds.get(on) {
            Some(Kind::Fields(fields, _)) => fields.get(&field.name),
            Some(Kind::Input(_) | Kind::Enum(_) | Kind::Scalar) | None => None,
        };
        let Some(known) = known else {
            self.faults.push(format!("{on} has no field {}", field.name));
            return None;
        };
        let arguments = self.arguments(on, field, known);
        let base = base(&known.kind);
        let composite = matches!(schema.kinds.get(base), Some(Kind::Fields(..)));
        let selections = match (composite, field.selection_set.items.is_empty()) {
            (true, _) => self.selections(base, &field.selection_set),
            (false, true) => Vec::new(),
            (false, false) => {
                self.faults
                    .push(format!("{on}.{} is plain and has no fields", field.name));
                Vec::new()
            }
        };
        Some(Selection::Field(Chosen {
            key,
            name: field.name.clone(),
            arguments,
            required: matches!(known.kind, Type::NonNullType(_)),
            selections,
        }))
    }

    fn arguments(
        &mut self,
        on: &str,
        field: &query::Field<'static, String>,
        known: &Field,
    ) -> Map<String, Value> {
        let mut arguments = Map::new();
        for (name, _) in &field.arguments {
            if !known.arguments.contains_key(name) {
                self.faults
                    .push(format!("{on}.{} takes no argument {name}", field.name));
            }
        }
        for (name, argument) in &known.arguments {
            let given = field.arguments.iter().find(|(key, _)| key == name);
            if let Some((_, literal)) = given {
                self.uses(literal, &argument.kind);
            }
            let given = given.map(|(_, literal)| plain(literal, &self.variables));
            let default = argument
                .default
                .as_ref()
                .map(|literal| plain(literal, &Map::new()));
            let at = format!("{on}.{}({name})", field.name);
            let value = self.schema.coerce(
                &argument.kind,
                given.as_ref().or(default.as_ref()),
                &at,
                &mut self.faults,
            );
            arguments.insert(name.clone(), value);
        }
        arguments
    }

    /// Notes the variables of a literal and whether each may stand where it stands.
    fn uses(&mut self, literal: &Literal, kind: &Type) {
        let nullable = match kind {
            Type::NonNullType(inner) => inner,
            other => other,
        };
        match literal {
            query::Value::Variable(name) => {
                self.used.insert(name.clone());
                match self.declared.get(name) {
                    None => self.faults.push(format!("variable ${name} is not declared")),
                    Some((declared, default)) if !may_stand(declared, *default, kind) => self
                        .faults
                        .push(format!("variable ${name} is {declared}, where {kind} is taken")),
                    Some(_) => {}
                }
            }
            query::Value::List(items) => {
                if let Type::ListType(inner) = nullable {
                    for item in items {
                        self.uses(item, inner);
                    }
                }
            }
            query::Value::Object(fields) => {
                let schema = self.schema;
                if let Some(Kind::Input(known)) = schema.kinds.get(base(nullable)) {
                    for (name, value) in fields {
                        if let Some(field) = known.get(name) {
                            self.uses(value, &field.kind);
                        }
                    }
                }
            }
            query::Value::Int(_)
            | query::Value::Float(_)
            | query::Value::String(_)
            | query::Value::Boolean(_)
            | query::Value::Null
            | query::Value::Enum(_) => {}
        }
    }
}

fn may_stand(declared: &Type, default: bool, wanted: &Type) -> bool {
    match (declared, wanted) {
        (Type::NonNullType(declared), Type::NonNullType(wanted)) => may_stand(declared, false, wanted),
        (Type::NonNullType(declared), wanted) => may_stand(declared, false, wanted),
        (declared, Type::NonNullType(wanted)) => default && may_stand(declared, false, wanted),
        (Type::ListType(declared), Type::ListType(wanted)) => may_stand(declared, false, wanted),
        (Type::NamedType(declared), Type::NamedType(wanted)) => declared == wanted,
        (Type::ListType(_), Type::NamedType(_)) | (Type::NamedType(_), Type::ListType(_)) => false,
    }
}

type Parts = (
    Option<String>,
    &'static str,
    Vec<query::VariableDefinition<'static, String>>,
    query::SelectionSet<'static, String>,
);

fn parts(operation: OperationDefinition<'static, String>) -> Parts {
    match operation {
        OperationDefinition::SelectionSet(set) => (None, "Query", Vec::new(), set),
        OperationDefinition::Query(one) => (one.name, "Query", one.variable_definitions, one.selection_set),
        OperationDefinition::Mutation(one) => {
            (one.name, "Mutation", one.variable_definitions, one.selection_set)
        }
        OperationDefinition::Subscription(one) => (
            one.name,
            "Subscription",
            one.variable_definitions,
            one.selection_set,
        ),
    }
}

fn plain(literal: &Literal, variables: &Map<String, Value>) -> Value {
    match literal {
        query::Value::Variable(name) => variables.get(name).cloned().unwrap_or_default(),
        query::Value::Int(number) => json!(number.as_i64()),
        query::Value::Float(number) => json!(number),
        query::Value::String(text) | query::Value::Enum(text) => json!(text),
        query::Value::Boolean(flag) => json!(flag),
        query::Value::Null => Value::Null,
        query::Value::List(items) => items.iter().map(|item| plain(item, variables)).collect(),
        query::Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), plain(value, variables)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

fn base(kind: &Type) -> &str {
    match kind {
        Type::NamedType(name) => name,
        Type::ListType(inner) | Type::NonNullType(inner) => base(inner),
    }
}

fn fields(all: Vec<schema::Field<'static, String>>) -> BTreeMap<String, Field> {
    all.into_iter()
        .map(|one| {
            let field = Field {
                arguments: inputs(one.arguments),
                kind: one.field_type,
            };
            (one.name, field)
        })
        .collect()
}

fn inputs(all: Vec<schema::InputValue<'static, String>>) -> BTreeMap<String, Argument> {
    all.into_iter()
        .map(|one| {
            let argument = Argument {
                kind: one.value_type,
                default: one.default_value,
            };
            (one.name, argument)
        })
        .collect()
}
