//! `kubelock man FOLDER`: the manual pages, made of what the help texts are made of.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::args;
use crate::args::environment;
use crate::exit::Exit;
use crate::failure::Failure;

/// Write the manual pages into a folder
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// An existing folder
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub(crate) fn run(args: &ManArgs) -> Result<Exit, Failure> {
    let mut command = with_variables(args::bare_definition());
    command.build();
    write(&command, &args.folder).map_err(|error| {
        Failure::failed(format!("cannot write to {}: {error}", args.folder.display()))
    })?;
    Ok(Exit::Done)
}

/// A page has room for what a screen has not.
fn with_variables(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let variable = |long: &str| environment::variable_of(&name, long);
    command
        .mut_args(|arg| match arg.get_long().and_then(variable) {
            Some(variable) => arg.env(&*variable.leak()).hide_env(false).hide_env_values(true),
            None => arg,
        })
        .mut_subcommands(with_variables)
}

/// One page for each command.
fn write(command: &Command, folder: &Path) -> io::Result<()> {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    // A page's name is explained in one line.
    let about = about.lines().next().unwrap_or_default().to_owned();
    let man = Man::new(command.clone().about(about)).manual("kubelock");
    fs::write(folder.join(man.get_filename()), page(&man, command)?)?;
    let mut shown = command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
    shown.try_for_each(|subcommand| write(subcommand, folder))
}

fn page(man: &Man, command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let words = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    for (heading, lines) in sections(&words) {
        let mut roff = Roff::new();
        roff.control("SH", [heading]);
        // Line by line, as on a screen.
        roff.control("nf", []);
        for line in lines {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
        roff.to_writer(&mut page)?;
    }
    Ok(page)
}

/// What stands below a help text, by headings as pages have them.
fn sections(words: &str) -> Vec<(&'static str, Vec<&str>)> {
    let mut sections: Vec<(&'static str, Vec<&str>)> = Vec::new();
    for line in words.lines() {
        let (heading, rest) = match line.split_once(':') {
            Some(("Examples", rest)) => (Some("EXAMPLES"), rest),
            Some(("Exit status", rest)) => (Some("EXIT STATUS"), rest),
            _ if line.starts_with(' ') || line.is_empty() => (None, line),
            _ => (Some("NOTES"), line),
        };
        match (heading, sections.last_mut()) {
            (Some(new), Some((last, lines))) if new == *last => lines.push(rest),
            (Some(new), _) => sections.push((new, vec![rest.trim()])),
            (None, Some((_, lines))) => lines.push(rest),
            (None, None) => sections.push(("NOTES", vec![rest])),
        }
    }
    for (_, lines) in &mut sections {
        lines.retain(|line| !line.is_empty());
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_below_a_help_text_has_headings_of_its_own_on_a_page() {
        let words =
            "Examples:\n  kubelock a\n\nWithout --on it is\nso.\nExit status: 0 done,\n  1 no";
        assert_eq!(
            sections(words),
            [
                ("EXAMPLES", vec!["  kubelock a"]),
                ("NOTES", vec!["Without --on it is", "so."]),
                ("EXIT STATUS", vec!["0 done,", "  1 no"]),
            ]
        );
    }
}
