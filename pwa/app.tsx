/** The frame: navigation, notices, and which screen stands for which address. Signed out there is one screen only. */

import { useEffect } from 'preact/hooks';
import { ErrorBoundary, LocationProvider, lazy, Route, Router, useLocation } from 'preact-iso';
import { matching, offered } from './account/offer.ts';
import { wantedPath } from './navigate.ts';
import { MachineDot } from './parts/connection.tsx';
import { Icon, type IconName, Mark } from './parts/icon.tsx';
import { Notices } from './parts/notices.tsx';
import { Text } from './parts/text.tsx';
import { Inbox } from './screens/inbox.tsx';
import { Welcome } from './screens/welcome.tsx';
import { app, waiting } from './state.ts';

// Only what a first look at the inbox needs is in the first file; the worker has the others before anybody asks.
const MachineOffer = lazy(() => import('./parts/machine-offer.tsx').then((m) => m.MachineOffer));
const MatchCode = lazy(() => import('./parts/machine-offer.tsx').then((m) => m.MatchCode));
const Jobs = lazy(() => import('./screens/jobs.tsx').then((m) => m.Jobs));
const JobEditor = lazy(() => import('./screens/job-editor.tsx').then((m) => m.JobEditor));
const MachineScreen = lazy(() => import('./screens/machine.tsx').then((m) => m.MachineScreen));
const RuleScreen = lazy(() => import('./screens/rule.tsx').then((m) => m.RuleScreen));
const RunScreen = lazy(() => import('./screens/run.tsx').then((m) => m.RunScreen));
const Start = lazy(() => import('./screens/start.tsx').then((m) => m.Start));
const Devices = lazy(() => import('./screens/devices.tsx').then((m) => m.Devices));
const Settings = lazy(() => import('./screens/settings.tsx').then((m) => m.Settings));

const PLACES: readonly { href: string; label: string; icon: IconName }[] = [
  { href: '/', label: 'Inbox', icon: 'inbox' },
  { href: '/jobs', label: 'Jobs', icon: 'jobs' },
  { href: '/devices', label: 'Devices', icon: 'devices' },
  { href: '/settings', label: 'Settings', icon: 'settings' },
];

export function App() {
  return (
    <LocationProvider>
      <Notices />
      <ErrorBoundary>
        <Phase />
      </ErrorBoundary>
    </LocationProvider>
  );
}

function Phase() {
  const { phase } = app.value;
  if (phase === 'loading') return <main class="page" aria-busy="true" />;
  if (phase === 'signed_out') return <Welcome />;
  return (
    <div class="shell">
      <Wanted />
      <Nav />
      <main>
        {offered.value && <MachineOffer offer={offered.value} />}
        {matching.value && <MatchCode {...matching.value} />}
        <Router>
          <Route path="/" component={Inbox} />
          <Route path="/q/:machine/:qid" component={Inbox} />
          <Route path="/jobs" component={Jobs} />
          <Route path="/jobs/:machine/:job" component={JobEditor} />
          <Route path="/machine/:machine" component={MachineScreen} />
          <Route path="/machine/:machine/rule" component={RuleScreen} />
          <Route path="/run/:machine/:run" component={RunScreen} />
          <Route path="/start" component={Start} />
          <Route path="/devices" component={Devices} />
          <Route path="/settings" component={Settings} />
          <Route default component={Elsewhere} />
        </Router>
      </main>
    </div>
  );
}

/** A tapped notification lands on its card. */
function Wanted() {
  const { route } = useLocation();
  const path = wantedPath.value;
  useEffect(() => {
    if (!path) return;
    wantedPath.value = null;
    route(path);
  }, [path, route]);
  return null;
}

function Nav() {
  const { path } = useLocation();
  const count = waiting.value.length;
  useEffect(() => {
    document.title = count > 0 ? `(${count}) ClawTab` : 'ClawTab';
    // Where there is no badge there is nothing to say.
    if (count > 0) void navigator.setAppBadge?.(count).catch(() => undefined);
    else void navigator.clearAppBadge?.().catch(() => undefined);
  }, [count]);
  // A run has the whole height of a phone.
  const covered = path.startsWith('/run/');
  const here = (href: string): boolean => (href === '/' ? path === '/' || path.startsWith('/q/') : path.startsWith(href));
  return (
    <nav class={covered ? 'nav covered' : 'nav'} aria-label="Main">
      <div class="brand">
        <Mark />
        ClawTab
      </div>
      {PLACES.map(({ href, label, icon }) => (
        <a key={href} href={href} aria-current={here(href) ? 'page' : undefined}>
          <Icon name={icon} />
          <span>{label}</span>
          {href === '/' && count > 0 && (
            <span class="count">
              {count}
              <span class="hidden-text"> waiting</span>
            </span>
          )}
        </a>
      ))}
      <div class="rail-foot stack tight">
        {[...app.value.machines.values()].map((machine) => (
          <div key={machine.id} class="rail-machine">
            <Text value={machine.about?.name ?? 'A machine'} class="cut small" />
            <MachineDot machine={machine} />
          </div>
        ))}
      </div>
    </nav>
  );
}

function Elsewhere() {
  const { route } = useLocation();
  useEffect(() => route('/', true), [route]);
  return null;
}
