//! Which file of a crate uses which.
//!
//! A file uses another when it imports something that is defined there, or names it by its path. A
//! file that declares its children and re-exports what they have does not use them; what imports
//! through it uses the file that is meant. Tests use what they like.

mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use tokens::{Token, tokens};

/// Who uses whom: for each pair of files the first path that says so.
pub(super) type Uses = BTreeMap<String, BTreeMap<String, String>>;

/// The uses of all packages of the workspace, each with its path below the root.
pub(super) fn of_all(root: &Path) -> Result<Vec<(String, Uses)>> {
    let mut packages = vec!["xtask".to_owned()];
    for folder in fs::read_dir(root.join("crates"))? {
        let name = folder?.file_name();
        packages.push(format!("crates/{}", name.to_string_lossy()));
    }
    packages.sort();
    let mut all = Vec::new();
    for package in packages {
        let folder = root.join(&package).join("src");
        let read = |path: &str| fs::read_to_string(folder.join(path)).ok();
        let mut uses = Uses::new();
        let mut has_top = false;
        for top in ["lib.rs", "main.rs"] {
            if folder.join(top).is_file() {
                has_top = true;
                uses.extend(
                    Crate::read(top, read)
                        .with_context(|| package.clone())?
                        .uses(),
                );
            }
        }
        if !has_top {
            bail!("{package}/src has neither lib.rs nor main.rs");
        }
        all.push((package, uses));
    }
    Ok(all)
}

/// A chain of re-exports that is longer leads nowhere.
const MOST_STEPS: usize = 16;

/// A crate, from its top file down.
struct Crate(Vec<Module>);

/// A module: a file, or a part of one in braces.
#[derive(Default)]
struct Module {
    /// The file that it stands in, as a path below `src`.
    file: String,
    parent: usize,
    /// Where its children's files are, below `src`.
    folder: String,
    children: BTreeMap<String, usize>,
    imports: Vec<Import>,
    /// Paths that its code names.
    paths: Vec<Vec<String>>,
    /// Names that are defined in it.
    defined: BTreeSet<String>,
    /// All words of its code.
    words: BTreeSet<String>,
}

/// One name that a `use` brings.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Import {
    path: Vec<String>,
    /// The name; None for all that the path has.
    name: Option<String>,
    is_public: bool,
}

/// What a path leads to.
struct Target {
    module: usize,
    /// Whether it is the module itself rather than something in it.
    is_module: bool,
}

impl Crate {
    /// Reads a crate from its top file on; `read` gives the text of a file below `src`, if there is
    /// such a file.
    ///
    /// # Errors
    /// When a module is declared whose file is not there.
    fn read(top: &str, read: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut modules = vec![Module {
            file: top.to_owned(),
            ..Module::default()
        }];
        let mut open = vec![0];
        while let Some(id) = open.pop() {
            let Some(file) = modules.get(id).map(|module| module.file.clone()) else {
                continue;
            };
            let Some(text) = read(&file) else {
                bail!("{file} cannot be read");
            };
            let mut reader = Reader {
                tokens: &tokens(&text),
                at: 0,
                modules: &mut modules,
                declared: Vec::new(),
            };
            reader.module(id);
            for (parent, name) in reader.declared {
                let folder = modules.get(parent).map_or("", |module| &module.folder);
                let below = format!("{folder}{name}/");
                let candidates = [format!("{folder}{name}.rs"), format!("{below}mod.rs")];
                let Some(file) = candidates.into_iter().find(|file| read(file).is_some()) else {
                    bail!("{file} declares {name}, which has no file");
                };
                open.push(add(&mut modules, parent, name, file, below));
            }
        }
        Ok(Self(modules))
    }

    /// Who uses whom.
    fn uses(&self) -> Uses {
        let mut uses = Uses::new();
        for (id, module) in self.0.iter().enumerate() {
            let mut add = |target: usize, path: &[String]| {
                let file = self.0.get(target).map(|target| target.file.clone());
                if let Some(file) = file.filter(|file| *file != module.file) {
                    let others = uses.entry(module.file.clone()).or_default();
                    others.entry(file).or_insert_with(|| path.join("::"));
                }
            };
            for import in &module.imports {
                let Some(target) = self.resolve(id, &import.path, 0) else {
                    continue;
                };
                // Of a module what matters is which of its things are named.
                let is_used = match &import.name {
                    Some(_) if target.is_module => false,
                    // A re-export is for others, unless the code beside it says the name.
                    Some(name) if import.is_public && !module.children.is_empty() => {
                        module.words.contains(name)
                    }
                    None if import.is_public && !module.children.is_empty() => false,
                    Some(_) | None => true,
                };
                if is_used {
                    add(target.module, &import.path);
                }
            }
            for path in &module.paths {
                if let Some(target) = self.resolve(id, path, 0) {
                    add(target.module, path);
                }
            }
        }
        uses
    }

    /// What a path means in a module; None for what is none of this crate's, or the module's own.
    fn resolve(&self, from: usize, path: &[String], steps: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let module = self.0.get(from)?;
        match first.as_str() {
            "crate" => self.walk(0, rest, steps),
            "self" => self.walk(from, rest, steps),
            "super" => {
                let mut at = module.parent;
                let mut rest = rest;
                while let Some((next, others)) = rest.split_first().filter(|it| it.0 == "super") {
                    let _ = next;
                    (at, rest) = (self.0.get(at)?.parent, others);
                }
                self.walk(at, rest, steps)
            }
            name if module.children.contains_key(name) || self.import(from, name).is_some() => {
                self.walk(from, path, steps)
            }
            _ => None,
        }
    }

    /// Goes down a path from a module on.
    fn walk(&self, at: usize, path: &[String], steps: usize) -> Option<Target> {
        let module = self.0.get(at)?;
        let Some((name, rest)) = path.split_first() else {
            return Some(Target {
                module: at,
                is_module: true,
            });
        };
        if steps > MOST_STEPS {
            return None;
        }
        if let Some(child) = module.children.get(name) {
            return self.walk(*child, rest, steps);
        }
        if let Some(import) = self.import(at, name) {
            let whole: Vec<String> = import.path.iter().chain(rest).cloned().collect();
            return self.resolve(at, &whole, steps + 1);
        }
        if !module.defined.contains(name) {
            for import in module.imports.iter().filter(|import| import.name.is_none()) {
                let of = self.resolve(at, &import.path, steps + 1);
                let has = |id: usize| self.0.get(id).is_some_and(|it| it.defined.contains(name));
                if let Some(of) = of.filter(|of| of.module != at && has(of.module)) {
                    return self.walk(of.module, path, steps + 1);
                }
            }
        }
        Some(Target {
            module: at,
            is_module: false,
        })
    }

    /// The import that brings a name into a module. One that leads to itself (`use a::b; use b::c`
    /// reads so) is none.
    fn import(&self, module: usize, name: &str) -> Option<&Import> {
        let imports = &self.0.get(module)?.imports;
        imports.iter().find(|import| {
            import.name.as_deref() == Some(name)
                && (import.path.len() > 1 || import.path.first().is_some_and(|it| it != name))
        })
    }
}

fn add(
    modules: &mut Vec<Module>,
    parent: usize,
    name: String,
    file: String,
    folder: String,
) -> usize {
    let id = modules.len();
    modules.push(Module {
        file,
        parent,
        folder,
        ..Module::default()
    });
    if let Some(parent) = modules.get_mut(parent) {
        parent.children.insert(name, id);
    }
    id
}

/// Reads the tokens of one file into its modules.
struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    modules: &'a mut Vec<Module>,
    /// Children with files of their own: of which module, and their names.
    declared: Vec<(usize, String)>,
}

impl<'a> Reader<'a> {
    /// Reads a module to the end of its file or to its closing brace.
    fn module(&mut self, id: usize) {
        let mut depth = 0_usize;
        let mut is_public = false;
        while let Some(token) = self.next() {
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') if depth == 0 => return,
                Token::Sign('}') => depth -= 1,
                Token::Word("pub") => {
                    is_public = true;
                    if self.peek() == Some(Token::Sign('(')) {
                        while !matches!(self.next(), Some(Token::Sign(')')) | None) {}
                    }
                    continue;
                }
                Token::Word("mod") => self.child(id),
                // `impl Trait + use<'a>` imports nothing.
                Token::Word("use") if self.peek() != Some(Token::Sign('<')) => {
                    let imports = self.imports(is_public);
                    self.with(id, |module| module.imports.extend(imports));
                }
                Token::Word(word) => self.word(id, word, depth),
                Token::Colons | Token::Sign(_) => {}
            }
            is_public = false;
        }
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn with(&mut self, id: usize, change: impl FnOnce(&mut Module)) {
        if let Some(module) = self.modules.get_mut(id) {
            change(module);
        }
    }

    /// `mod name;` or `mod name { … }`.
    fn child(&mut self, parent: usize) {
        let Some(Token::Word(name)) = self.next() else {
            return;
        };
        if self.next() == Some(Token::Sign(';')) {
            self.declared.push((parent, name.to_owned()));
            return;
        }
        let Some(module) = self.modules.get(parent) else {
            return;
        };
        let (file, folder) = (module.file.clone(), format!("{}{name}/", module.folder));
        let id = add(self.modules, parent, name.to_owned(), file, folder);
        self.module(id);
    }

    /// A word of code: a definition, or the beginning of a path.
    fn word(&mut self, id: usize, word: &str, depth: usize) {
        const DEFINES: [&str; 9] = [
            "fn",
            "struct",
            "enum",
            "trait",
            "type",
            "const",
            "static",
            "union",
            "macro_rules",
        ];
        if DEFINES.contains(&word) && depth == 0 {
            let is_macro = word == "macro_rules" && self.peek() == Some(Token::Sign('!'));
            let name = self.tokens.get(self.at + usize::from(is_macro));
            if let Some(Token::Word(name)) = name {
                self.with(id, |module| {
                    module.defined.insert((*name).to_owned());
                });
            }
        }
        let mut path = vec![word.to_owned()];
        while self.peek() == Some(Token::Colons) {
            let Some(Token::Word(next)) = self.tokens.get(self.at + 1) else {
                break;
            };
            path.push((*next).to_owned());
            self.at += 2;
        }
        self.with(id, |module| {
            module.words.extend(path.iter().cloned());
            if path.len() > 1 {
                module.paths.push(path);
            }
        });
    }

    /// The names of a `use`, up to its semicolon.
    fn imports(&mut self, is_public: bool) -> Vec<Import> {
        let mut imports = Vec::new();
        if self.peek() == Some(Token::Colons) {
            self.at += 1;
        }
        self.tree(&[], is_public, &mut imports);
        while !matches!(self.peek(), Some(Token::Sign(';')) | None) {
            self.at += 1;
        }
        self.at += 1;
        imports
    }

    /// One tree of a `use`: `a::b`, `a::b as c`, `a::*`, `a::{…}`.
    fn tree(&mut self, before: &[String], is_public: bool, imports: &mut Vec<Import>) {
        let mut path = before.to_vec();
        loop {
            match self.peek() {
                Some(Token::Word("as")) => {
                    self.at += 1;
                    if let Some(Token::Word(name)) = self.next() {
                        let name = Some(name.to_owned());
                        imports.push(Import {
                            path,
                            name,
                            is_public,
                        });
                    }
                    return;
                }
                Some(Token::Word(word)) => {
                    self.at += 1;
                    path.push(word.to_owned());
                }
                Some(Token::Colons) => self.at += 1,
                Some(Token::Sign('*')) => {
                    self.at += 1;
                    let name = None;
                    imports.push(Import {
                        path,
                        name,
                        is_public,
                    });
                    return;
                }
                Some(Token::Sign('{')) => {
                    self.at += 1;
                    while !matches!(self.peek(), Some(Token::Sign('}')) | None) {
                        self.tree(&path, is_public, imports);
                        if self.peek() == Some(Token::Sign(',')) {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                _ => break,
            }
        }
        // `a::{self}` is `a`.
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        if let Some(name) = path.last().cloned() {
            let name = Some(name);
            imports.push(Import {
                path,
                name,
                is_public,
            });
        }
    }
}

#[cfg(test)]
mod tests;
