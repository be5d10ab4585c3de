// How Monitor looks; colours are the page's.
export const STYLE = `
.frame .watch { min-height: 0; min-width: 0; overflow: hidden; position: relative; }
.frame .watch { display: flex; flex-direction: column; } .frame .stage { flex: 1; min-height: 0; min-width: 0; }
.frame .news { margin: 0; padding: 6px 16px; background: var(--eg-selected-soft); color: var(--eg-selected-ink); font-weight: 600; flex: none; text-align: center; } .frame .news a { color: inherit; }
.frame .kept { width: min(560px, calc(100% - 24px)); max-height: calc(100% - 24px); display: flex; flex-direction: column; } .frame .kept ul { list-style: none; margin: 0; padding: 0; overflow-y: auto; }
.frame .kept li { padding: 10px 16px; border-top: 1px solid var(--eg-line); display: grid; gap: 8px; } .frame .kept .words { display: grid; min-width: 0; } .frame .kept .acts { display: flex; flex-wrap: wrap; gap: 8px; } .frame .kept .acts .plain { min-height: 32px; }
.frame .menu { display: grid; gap: 8px; width: 100%; padding: 12px 0; } .frame .told { width: calc(100% - 24px); max-height: calc(100% - 24px); display: flex; flex-direction: column; } .frame .told .why { max-height: none; border-top: 0; } .frame .told > .second { margin: 8px 14px 12px; min-height: 44px; }
.frame .strip { position: relative; display: flex; min-height: 0; min-width: 0; } .frame .strip .paper { flex: 1; min-width: 0; } .frame .strip .again { position: absolute; left: 50%; bottom: 16px; transform: translateX(-50%); background: var(--eg-ink); color: var(--eg-panel); min-height: 48px; z-index: 3; white-space: nowrap; } .frame .again[hidden] { display: none; }
.frame .dock .record[disabled], .frame .tile .rec[disabled] { opacity: .45; cursor: default; } .frame .tile .drop[hidden] { display: none; }
.frame .desk { display: grid; grid-template: minmax(0, 1fr) 210px / minmax(0, 1fr) 322px; gap: 8px; padding: 8px; height: 100%; }
.frame .tiles { display: grid; gap: 8px; min-height: 0; overflow-y: auto; grid-auto-rows: minmax(190px, 1fr); grid-template-columns: repeat(2, minmax(0, 1fr)); }
.frame .tiles[data-count="1"] { grid-template-columns: minmax(0, 1fr); }
.frame .side { grid-row: 1 / -1; grid-column: 2; display: flex; flex-direction: column; }
.frame .trends { grid-column: 1; display: flex; flex-direction: column; }
.frame .trends .slot { flex: 1; min-height: 0; }
.frame .trends { position: relative; }
.frame .trends .span { position: absolute; right: 12px; top: 8px; z-index: 2; display: flex; gap: 2px; }
.frame .chip[aria-pressed="true"] { background: var(--eg-ink); color: var(--eg-panel); }
.frame .tile { display: flex; flex-direction: column; }
.frame .tile.chosen { border-color: var(--eg-ink); box-shadow: inset 0 0 0 1px var(--eg-ink); }
.frame .tile .top { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: 12px; align-items: center; padding: 4px 8px 4px 16px; min-height: 54px; border-bottom: 1px solid var(--eg-line); }
.frame .tile .beat { display: flex; align-items: baseline; gap: 5px; min-width: 92px; }
.frame .tile .rate { font-size: 34px; line-height: 40px; letter-spacing: -.03em; }
.frame .rate.out { color: var(--eg-accent); }
.frame .lost .rate { color: var(--eg-faint); }
.frame .rate.none { color: var(--eg-faint); font-weight: 300; letter-spacing: .02em; }
.frame .phone .rate.none { font-weight: 300; letter-spacing: .02em; font-size: 64px; }
.frame .tile .who { display: flex; flex-direction: column; min-width: 0; }
.frame .tile .select { all: unset; cursor: pointer; min-width: 0; }
.frame .tile .select:focus-visible { outline: 2px solid var(--eg-link); border-radius: 4px; }
.frame .tile h2 { font-size: 13px; margin: 0; }
.frame .rhythm { font-size: 12px; color: var(--eg-muted); }
.frame .rhythm[data-tone="finding"] { color: var(--eg-ink); font-weight: 600; }
.frame .rhythm[data-tone="signal"] { color: var(--eg-muted); font-weight: 600; }
.frame .tile .trust { text-align: right; white-space: nowrap; font-size: 12px; color: var(--eg-muted); }
.frame .tile .trust .plain { min-height: 24px; padding: 0 6px; }
.frame .tile .rec.on { color: var(--eg-accent); font-weight: 600; }
.frame .signal::before, .frame .dot { content: ""; display: inline-block; width: 8px; height: 8px; border-radius: 50%; background: var(--eg-faint); margin-right: 5px; }
.frame .signal[data-tone="good"]::before, .frame .dot[data-tone="good"] { background: var(--eg-good); }
.frame .signal[data-tone="fair"]::before { background: var(--eg-fair); border-radius: 2px; }
.frame .signal[data-tone="poor"]::before { background: var(--eg-poor); border-radius: 0; transform: rotate(45deg); }
.frame .paper { flex: 1; min-height: 110px; position: relative; }
.frame .paper .feed { position: absolute; inset: 0; }
.frame .tile .gains { position: absolute; right: 6px; bottom: 6px; display: flex; gap: 2px; opacity: 0; z-index: 2; background: var(--eg-panel); border-radius: 6px; }
.frame .tile:hover .gains, .frame .tile:focus-within .gains, .frame .tile.chosen .gains { opacity: 1; }
.frame .gains .plain { min-width: 28px; min-height: 26px; font-size: 14px; color: var(--eg-ink); }
.frame .side .chips { display: flex; gap: 6px; padding: 8px 12px; border-bottom: 1px solid var(--eg-line); flex: none; }
.frame .events, .frame .found { list-style: none; margin: 0; padding: 0; overflow-y: auto; min-height: 0; }
.frame .events { flex: 1 1 120px; }
.frame .events .row { display: grid; grid-template-columns: 58px 8px minmax(0, 1fr) auto; gap: 8px; align-items: center; width: 100%; border: 0; border-left: 3px solid transparent; background: none; text-align: left; padding: 0 12px 0 9px; min-height: 31px; }
.frame .events .row.fresh .what { font-weight: 600; }
.frame .events .row:hover { background: var(--eg-raised); }
.frame .events .row.open { background: var(--eg-accent-soft); border-left-color: var(--eg-accent); }
.frame .events .from { max-width: 76px; } .frame .events .what { white-space: normal; line-height: 1.2; padding: 3px 0; }
.frame .mini { width: 8px; height: 8px; border-radius: 2px; background: var(--eg-functional); flex: none; }
.frame .mini[data-kind="signal"] { background: var(--eg-faint); }
.frame .mini[data-kind="mark"] { background: none; box-shadow: inset 0 0 0 1.5px var(--eg-ink); }
.frame .why { flex: 0 1 auto; border-top: 1px solid var(--eg-line); overflow-y: auto; max-height: 62%; }
.frame .why h3 { font-size: 13px; margin: 10px 14px 4px; }
.frame .why .snippet { display: block; width: 100%; border-bottom: 1px solid var(--eg-line); }
.frame .snippet .line { fill: none; stroke: var(--eg-ink); stroke-width: 1.15; vector-effect: non-scaling-stroke; }
.frame .snippet .span { fill: var(--eg-functional); opacity: .18; }
.frame .why dl { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 4px 12px; margin: 4px 14px 10px; }
.frame .why dt { color: var(--eg-muted); } .frame .why dd { margin: 0; text-align: right; }
.frame .why .answers { display: flex; gap: 8px; align-items: center; padding: 8px 14px; border-top: 1px solid var(--eg-line); }
.frame .why input { flex: 1; min-width: 0; border: 1px solid var(--eg-line); border-radius: 8px; background: var(--eg-panel); min-height: 32px; padding: 2px 8px; }
.frame .strong, .frame .second, .frame .connect { border: 1px solid var(--eg-line); border-radius: 8px; background: none; min-height: 32px; padding: 4px 12px; font-weight: 600; }
.frame .strong { background: var(--eg-ink); color: var(--eg-panel); border-color: var(--eg-ink); }
.frame .strong[disabled] { background: none; color: var(--eg-muted); border-color: var(--eg-line); }
.frame .second[aria-pressed="true"] { background: var(--eg-raised); }
.frame .source { background: var(--eg-panel); border: 1px solid var(--eg-line); border-radius: 8px; max-width: 420px; width: calc(100% - 24px); margin: 0 auto; padding: 24px; display: flex; flex-direction: column; gap: 10px; text-align: center; }
.frame .source h2 { font-size: 15px; margin: 0; } .frame .source p { margin: 0; } .frame .source p:empty { display: none; }
.frame .source .connect { background: var(--eg-ink); color: var(--eg-panel); min-height: 56px; font-size: 16px; }
.frame .source .connect[disabled] { background: var(--eg-raised); color: var(--eg-muted); cursor: default; }
.frame .source .trouble { color: var(--eg-accent); }
.frame .source .replay { border-top: 1px solid var(--eg-line); margin-top: 8px; padding-top: 16px; }
.frame .source .line { display: flex; gap: 8px; margin-top: 10px; } .frame .source .line select { flex: 1; min-width: 0; min-height: 44px; border-color: var(--eg-line); color: var(--eg-ink); font-size: 13px; } .frame .source .line select + select { flex: none; }
.frame .source .second { min-height: 44px; }
.frame .empty { display: grid; place-items: center; height: 100%; overflow: auto; }
.frame .over { position: absolute; inset: 0; z-index: 40; display: grid; place-items: center; background: color-mix(in srgb, var(--eg-ground) 78%, transparent); overflow: auto; }
.frame .sheet-over { position: absolute; inset: 8px; z-index: 45; display: flex; flex-direction: column; }
.frame .sheet-over iframe { flex: 1; border: 0; background: #fff; width: 100%; }
.frame .sheet-over .busy { padding: 32px; text-align: center; }
.frame .add { border: 1px solid var(--eg-line); border-radius: 15px; height: 30px; padding: 0 12px; background: none; white-space: nowrap; flex: none; }
.frame .phone { display: grid; grid-template-rows: auto auto minmax(160px, 1fr) auto minmax(0, 132px) auto; height: 100%; background: var(--eg-panel); }
.frame .phone .link { display: flex; align-items: center; gap: 6px; padding: 4px 4px 0 16px; min-width: 0; }
.frame .phone .link b { font-size: 15px; max-width: 45%; } .frame .phone .link .dot { flex: none; margin: 0 2px 0 0; }
.frame .phone .more { margin-left: auto; min-width: 44px; min-height: 44px; font-size: 18px; }
.frame .phone .vital { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: 10px; align-items: end; padding: 0 16px 10px; }
.frame .phone .rate { font-size: 118px; line-height: 96px; letter-spacing: -.05em; font-weight: 700; min-width: 116px; }
.frame .phone .by { display: flex; flex-direction: column; padding-bottom: 2px; } .frame .phone .by .quiet { font-size: 15px; } .frame .phone .rhythm { font-size: 13px; color: var(--eg-ink); }
.frame .phone .lately { text-align: right; } .frame .spark .line { fill: none; stroke: var(--eg-ink); stroke-width: 1.2; } .frame .spark .now { fill: var(--eg-accent); } .frame .spark { line-height: 0; display: flex; justify-content: flex-end; }
.frame .phone .paper { border-block: 1px solid var(--eg-line); }
.frame .phone .cells { display: grid; grid-template-columns: repeat(3, 1fr); margin: 0; border-bottom: 1px solid var(--eg-line); }
.frame .phone .cells > div { padding: 8px 12px; border-left: 1px solid var(--eg-line); } .frame .phone .cells > div:first-child { border: 0; }
.frame .phone .cells dd { margin: 0; } .frame .phone .cells b { font-size: 15px; } .frame .phone .cells b[data-tone="good"] { color: var(--eg-good); } .frame .phone .cells b[data-tone="poor"] { color: var(--eg-poor); }
.frame .phone .findings { display: flex; flex-direction: column; min-height: 0; overflow: hidden; } .frame .phone .findings .head { border: 0; padding: 4px 16px 0; min-height: 32px; }
.frame .phone .found .row { display: flex; align-items: center; gap: 10px; width: 100%; min-height: 46px; border: 0; border-top: 1px solid var(--eg-line); background: none; text-align: left; padding: 4px 16px; }
.frame .phone .found .words { display: flex; flex-direction: column; flex: 1; min-width: 0; } .frame .phone .found .seen { font-weight: 400; }
.frame .phone .found .none { padding: 8px 16px; text-align: left; }
.frame .phone .dock { display: grid; grid-template: auto auto / 1fr auto 1fr; align-items: center; border-top: 1px solid var(--eg-line); padding: 10px 16px max(10px, env(safe-area-inset-bottom)); gap: 2px 8px; }
.frame .dock .left { display: flex; flex-direction: column; } .frame .dock .time { font-size: 22px; } .frame .dock .middle { display: flex; flex-direction: column; align-items: center; gap: 3px; } .frame .dock .right { display: flex; justify-content: flex-end; }
.frame .dock .saved { grid-column: 1 / -1; text-align: center; }
.frame .dock .record { position: relative; width: 76px; height: 76px; border-radius: 50%; border: 3px solid var(--eg-ink); background: none; padding: 0; display: grid; place-items: center; touch-action: none; }
.frame .dock .core { width: 54px; height: 54px; border-radius: 50%; background: var(--eg-accent); transition: all .12s; }
.frame .dock .on .core { width: 28px; height: 28px; border-radius: 6px; }
.frame .dock .ring { position: absolute; inset: -3px; border-radius: 50%; border: 3px solid var(--eg-accent); opacity: 0; }
.frame .dock .held .ring { opacity: 1; clip-path: inset(0); animation: hold .9s linear; } .frame .dock .held .core { transform: scale(.85); }
@keyframes hold { from { clip-path: inset(100% 0 0 0); } to { clip-path: inset(0); } }
@media (prefers-reduced-motion: reduce) { .frame .dock .held .ring { animation: none; } .frame .dock .core { transition: none; } }
.frame .dock .mark { border: 1px solid var(--eg-line); border-radius: 12px; background: none; min-width: 76px; min-height: 58px; font-weight: 600; display: flex; flex-direction: column; align-items: center; justify-content: center; } .frame .dock .mark[hidden] { display: none; } .frame .dock .mark span { font-size: 17px; line-height: 20px; }
.frame .streams { list-style: none; margin: 0; padding: 0; text-align: left; } .frame .streams button { width: 100%; min-height: 44px; text-align: left; border: 0; background: none; border-bottom: 1px solid var(--eg-line); padding: 4px 8px; }
@container frame (max-width: 1100px) { .frame .desk { grid-template-columns: minmax(0, 1fr) 280px; } .frame .tiles { grid-template-columns: minmax(0, 1fr); } }
@container frame (max-width: 900px) { .frame header .cohort { display: none; } }
@container frame (max-width: 700px) {
  .frame .whole.watching { grid-template: 44px minmax(0, 1fr) 0 / minmax(0, 1fr); } .frame .whole.watching footer, .frame header .add { display: none; }
  .frame .sheet-over { inset: 0; border-radius: 0; }
}
@container frame (max-width: 700px) and (max-height: 700px) { .frame .phone .rate { font-size: 84px; line-height: 70px; } .frame .phone .findings { display: none; } .frame .phone { grid-template-rows: auto auto minmax(120px, 1fr) auto auto; } }
`;
