"""The HTML report in a real browser: no console error, no request, sorting and toggles work, also on a phone and in the dark.

Skipped where no Chromium is installed."""

import base64
import html
import json
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from support import SactoolCase

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome", "chrome"])), None)
HOSTILE = "<script>alert(1)</script>"

# Runs inside the page after its own script; its answer becomes the body's text.
DRIVER = """
<script>
window.addEventListener('load', function () {
  var answer = {errors: window.failures, requests: performance.getEntriesByType('resource').length};
  var table = document.querySelector('table.sortable');
  function column(place) { return Array.from(table.tBodies[0].rows, function (row) { return parseFloat(row.cells[place].dataset.v); }); }
  var place = Array.from(table.tHead.rows[0].cells).findIndex(function (cell) { return cell.textContent.startsWith('Time ('); });
  var button = table.tHead.rows[0].cells[place].querySelector('button');
  button.click();
  answer.up = column(place);
  answer.sorted = table.tHead.rows[0].cells[place].getAttribute('aria-sort');
  button.click();
  answer.down = column(place);
  function seen(node) { return node !== null && getComputedStyle(node).display !== 'none' && node.getClientRects().length > 0; }
  var toggle = document.querySelector('.toggle'), line = document.querySelector('.by-step .plane .s0');
  answer.before = seen(line);
  toggle.click();
  answer.off = [seen(line), toggle.getAttribute('aria-pressed')];
  toggle.click();
  answer.on = [seen(line), toggle.getAttribute('aria-pressed')];
  answer.axis = [seen(document.querySelector('.by-time svg')), seen(document.querySelector('.by-step svg'))];
  document.querySelector('label[for=x-time]').click();
  answer.axis_after = [seen(document.querySelector('.by-time svg')), seen(document.querySelector('.by-step svg'))];
  var plane = document.querySelector('.by-time .plane'), group = plane.querySelector('[data-tips]');
  var at = group.dataset.tips.split(';')[0].split(','), matrix = plane.ownerSVGElement.getScreenCTM();
  var point = new DOMPoint(at[0], at[1]).matrixTransform(matrix);
  plane.ownerSVGElement.dispatchEvent(new PointerEvent('pointermove', {clientX: point.x, clientY: point.y, bubbles: true}));
  answer.tip = document.getElementById('tip').textContent;
  answer.axes = Array.from(document.querySelectorAll('svg[role=img]'), function (svg) { return svg.querySelectorAll('text.axis').length; });
  answer.labels = Array.from(document.querySelectorAll('text.axis'), function (text) { return text.textContent; });
  answer.width = [document.documentElement.scrollWidth, window.innerWidth];
  answer.sections = Array.from(document.querySelectorAll('h2'), function (head) { return head.textContent; });
  answer.dark = matchMedia('(prefers-color-scheme: dark)').matches;
  answer.colors = [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor];
  answer.text = document.body.innerText.indexOf('<script>alert(1)') >= 0;
  (window.frameElement ? parent.document : document).body.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(answer))));
});
</script>
"""
CATCHER = """<script>window.failures = [];
window.addEventListener('error', function (event) { window.failures.push(String(event.message)); });
window.alert = function () { window.failures.push('alert'); };
document.addEventListener('securitypolicyviolation', function (event) { window.failures.push(event.violatedDirective); });
</script>"""


def brightness(color):
    return sum(int(part) for part in re.findall(r"\d+", color)[:3]) / 3


@unittest.skipIf(CHROMIUM is None, "no chromium, chromium-browser or google-chrome is installed")
class Browser(SactoolCase):
    def setUp(self):
        super().setUp()
        for strategy in ["sync_sgd", "local_sgd", "async_sgd"]:
            for workers in ["2", "4"]:
                for seed in ["0", "1"]:
                    self.train("--strategy", strategy, "--seed", seed, "--workers", workers, "--steps", "40",
                               "--set", "train.eval_every=5", "--set", "optimizer.lr=0.02")
        with sqlite3.connect(self.database) as database:  # the command line refuses such a name
            database.execute("UPDATE runs SET name = ? WHERE run = 1", (HOSTILE,))
        database.close()
        done = self.sactool("report", "--db", self.database, "-o", "report.html")
        self.assertEqual(done.returncode, 0, done.stderr)
        page = (self.folder / "report.html").read_text()
        page = page.replace("<style>", CATCHER + "<style>", 1).replace("</body>", DRIVER + "</body>")
        self.page = self.write("driven.html", page)

    def phone(self):
        """A page as narrow as a phone; browsers' windows are not."""
        framed = html.escape(self.page.read_text(), quote=True)
        return self.write("phone.html", f'<!DOCTYPE html><body><iframe width="375" height="800" srcdoc="{framed}"></iframe></body>')

    def drive(self, page, *flags):
        """What the page says of itself; fails on any line of the console."""
        with tempfile.TemporaryDirectory() as profile:
            done = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
                                   "--enable-logging=stderr", "--virtual-time-budget=5000", *flags, "--dump-dom",
                                   page.as_uri()], capture_output=True, text=True, timeout=120)
        self.assertEqual([line for line in done.stderr.splitlines() if "CONSOLE" in line], [])
        body = re.search(r"<body[^>]*>\s*([A-Za-z0-9+/=]+)\s*</body>", done.stdout)
        self.assertIsNotNone(body, done.stdout[-500:])
        return json.loads(base64.b64decode(body.group(1)))

    def check(self, answer):
        self.assertEqual(answer["errors"], [])
        self.assertEqual(answer["requests"], 0)
        self.assertEqual(answer["sorted"], "ascending")
        self.assertEqual(answer["up"], sorted(answer["up"]))
        self.assertEqual(answer["down"], sorted(answer["up"], reverse=True))
        self.assertTrue(answer["before"])
        self.assertEqual(answer["off"], [False, "false"])
        self.assertEqual(answer["on"], [True, "true"])
        self.assertEqual(answer["axis"], [False, True])
        self.assertEqual(answer["axis_after"], [True, False])
        self.assertIn("accuracy", answer["tip"])
        self.assertTrue(all(count >= 1 for count in answer["axes"]), answer["axes"])
        self.assertTrue(all(label for label in answer["labels"]))
        self.assertTrue(answer["text"], "the hostile name is shown as text")
        for section in ["Who wins where", "Learning curves", "What it costs", "Step by step", "Runs"]:
            self.assertIn(section, answer["sections"])

    def test_desktop(self):
        answer = self.drive(self.page, "--window-size=1280,900")
        self.check(answer)
        self.assertGreater(brightness(answer["colors"][1]), brightness(answer["colors"][0]))

    def test_phone_in_the_dark(self):
        answer = self.drive(self.phone(), "--force-dark-mode", "--blink-settings=preferredColorScheme=0")
        self.check(answer)
        self.assertLessEqual(answer["width"][1], 375)
        self.assertLessEqual(answer["width"][0], answer["width"][1], "nothing is wider than the screen")
        if answer["dark"]:
            self.assertLess(brightness(answer["colors"][1]), brightness(answer["colors"][0]))


if __name__ == "__main__":
    unittest.main()
