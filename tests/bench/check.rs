//! Checking a runbook of 500 steps: from bytes to a model without findings.

use std::fmt::Write as _;

use crate::{Figures, Times};

/// A runbook of `steps` steps, each with expressions, templates and a wait or an assertion.
pub fn runbook(steps: usize) -> String {
    let mut text = String::from(
        "schema: 1\nid: long\ntitle: Many steps\nversion: 1.0.0\nowner: bench\ndescription: For the bench\n\
         targets: {main: {}}\nparameters:\n  db: {type: aws.rds.instance, required: true, description: The instance}\n\
         reads:\n  db:\n    aws: {service: rds, operation: DescribeDBInstances, parameters: {DBInstanceIdentifier: \"{{ parameters.db }}\"}}\n    \
         select: \"DBInstances[0]\"\nphases: [one]\nsteps:\n",
    );
    for n in 0..steps {
        write!(
            text,
            "  - name: step_{n}\n    title: \"Step {n} of {{{{ parameters.db }}}}\"\n    phase: one\n    action: assert\n    inputs:\n      \
             check: \"reads.db.DBInstanceStatus == 'available' && length(reads.db.DBParameterGroups[?ParameterApplyStatus != 'in-sync']) == `0`\"\n      \
             message: Not available\n    outputs:\n      - {{name: id, selector: reads.db.DbiResourceId, type: string}}\n"
        )
        .unwrap();
    }
    text
}

pub fn run(figures: &mut Figures) {
    let text = runbook(500);
    if let Err(findings) = ripcord::runbook::load("long.yaml", text.as_bytes()) {
        panic!("the bench's runbook has findings: {}", findings[0]);
    }
    let times = Times::of(20, || {
        assert!(ripcord::runbook::load("long.yaml", text.as_bytes()).is_ok());
    });
    figures.add("check of a runbook of 500 steps", &times, 0.95, 100.0);
}
