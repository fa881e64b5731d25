//! A key to its frame while a pane refreshes: update and view on a screen of 120x40.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ripcord::ids::{At, Life, Place, StepPath};
use ripcord::run::{Fact, PaneRow, Run, RunInfo, Scene};
use ripcord::tui::msg::Msg;
use ripcord::tui::{Facts, Model, Theme, update, view};
use serde_json::json;

use crate::{Figures, Times};

pub fn run(figures: &mut Figures) {
    let scene = Arc::new(scene());
    let mut model = Model::on_run(Facts::default(), Arc::clone(&scene), At(60_000), (120, 40));
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    let mut n = 0;
    let times = Times::of(2000, || {
        n += 1;
        let refreshed = Msg::Scene(Arc::new(refreshed(&scene, n)));
        update::update(&mut model, refreshed, At(60_000));
        let key = if n % 2 == 0 { KeyCode::Char('j') } else { KeyCode::Char('k') };
        update::update(&mut model, Msg::Key(KeyEvent::new(key, KeyModifiers::NONE)), At(60_000));
        terminal
            .draw(|frame| {
                let hitmap = view::view(&model, Theme::default(), frame);
                std::hint::black_box(hitmap);
            })
            .unwrap();
    });
    figures.add("key to frame at 120x40, a pane refreshing", &times, 0.99, 5.0);
}

fn scene() -> Scene {
    let (name, text) = ripcord::runbook::embedded()[0];
    let book = Arc::new(ripcord::runbook::load(name, text.as_bytes()).ok().unwrap());
    let mut run = Run::new(book, RunInfo::default());
    let place = Place {
        target: "main".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        role_arn: None,
    };
    let parameters = json!({"cluster": "prod", "services": ["api", "worker"], "db": "orders", "parked_db": "orders-parked",
        "incident_time": "2026-03-01T01:40:00.000Z", "health_url": null});
    let facts = [
        Fact::Opened { life: Life(1), by: "ana".into(), at: At(1) },
        Fact::Started {
            at: At(2),
            parameters: serde_json::from_value(parameters).unwrap(),
            places: vec![place],
            preflight: vec![],
        },
        Fact::Began { path: StepPath::top("baseline"), at: At(3) },
    ];
    for fact in &facts {
        run.apply(fact);
    }
    Scene::of(Arc::new(run))
}

/// The scene with fifty new rows in every pane.
fn refreshed(scene: &Scene, n: usize) -> Scene {
    let mut scene = scene.clone();
    for pane in &mut scene.panes {
        let mut view = (**pane).clone();
        view.columns = ["name", "status", "count"].map(str::to_owned).to_vec();
        view.rows = (0..50)
            .map(|row| PaneRow {
                cells: vec![format!("row-{row}"), "available".into(), (n + row).to_string()],
                healthy: Some(row % 7 != 0),
            })
            .collect();
        view.asked = Some(At(50_000));
        *pane = Arc::new(view);
    }
    scene
}
