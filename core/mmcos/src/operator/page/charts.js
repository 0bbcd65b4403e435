// Charts

const SVG = 'http://www.w3.org/2000/svg';
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [320, 120, 28, 18];

function svgElement(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

const dayOf = (moment) => new Date(moment * 1000).toLocaleDateString(undefined, { weekday: 'short', day: 'numeric' }) + ' ' + clock(moment);

// Draws a period that ends with the last step. Unknown steps are left empty.
function drawing({ step, end }, period, values, means, most) {
  const start = end - period;
  const x = (moment) => LEFT + ((moment - start) / period) * (WIDTH - LEFT - 4);
  const y = (value) => 6 + (1 - value / most) * (HEIGHT - BOTTOM - 6);
  const path = (series, isArea) => {
    let d = '';
    series.forEach((value, index) => {
      if (value === null) return;
      const right = end - (series.length - 1 - index) * step;
      const [from, to, at] = [x(right - step).toFixed(1), x(right).toFixed(1), y(value).toFixed(1)];
      const goesOn = !isArea && index > 0 && series[index - 1] !== null;
      d += isArea ? 'M' + from + ' ' + y(0) + 'V' + at + 'H' + to + 'V' + y(0) + 'Z' : (goesOn ? 'V' : 'M' + from + ' ') + at + 'H' + to;
    });
    return d;
  };
  const svg = svgElement('svg', { class: 'chart', viewBox: '0 0 ' + WIDTH + ' ' + HEIGHT, 'aria-hidden': 'true' });
  svg.append(
    svgElement('path', { class: 'axis', d: 'M' + LEFT + ' 6V' + y(0) + 'H' + (WIDTH - 4) }),
    svgElement('text', { x: LEFT - 4, y: 14, class: 'end' }, most),
    svgElement('text', { x: LEFT - 4, y: y(0), class: 'end' }, 0),
  );
  for (const part of [0, 0.5, 1]) {
    const moment = start + part * period;
    const place = ['start', 'middle', 'end'][2 * part];
    svg.append(svgElement('text', { x: x(moment), y: HEIGHT - 4, class: place }, period > 86400 ? dayOf(moment) : clock(moment)));
  }
  if (means) svg.append(svgElement('path', { class: 'area', d: path(means, true) }));
  svg.append(svgElement('path', { class: 'line', d: path(values, false) }));
  return svg;
}

function chart(index, title, unit, [period, name], chart, key, newer) {
  const values = chart[key];
  const means = chart[key + '_mean'];
  const known = [...values, ...newer].filter((value) => value !== null);
  const highest = known.length ? Math.max(...known) : null;
  const knownMeans = (means || []).filter((value) => value !== null);
  const mean = knownMeans.length ? knownMeans.reduce((sum, value) => sum + value, 0) / knownMeans.length : null;
  const figure = byId('charts').children[index] || byId('charts').appendChild(element('figure'));
  const text = title + ', last ' + name + ': ' + (highest === null ? 'nothing yet'
    : 'highest ' + highest + unit + (mean === null ? '' : ', mean ' + mean.toFixed(1) + unit));
  const svg = drawing(chart, period, values, means, Math.max(1, Math.ceil(highest || 0)));
  if (figure.firstChild) figure.firstChild.replaceWith(svg);
  else figure.append(svg, element('figcaption'));
  setText(figure.lastChild, text);
}

const PERIODS = { hour: [3600, 'hour'], day: [86400, 'day'], week: [604800, 'week'] };
let charted = null; // the data of all charts

function showCharts(charts = charted) {
  charted = charts;
  if (!charts) return;
  const period = document.querySelector('[name="period"]:checked').value;
  const { hour, day } = charts;
  // The hour's minutes contain the current quarter of an hour.
  const steps = period === 'hour' ? 0 : Math.max(0, Math.floor((hour.end - day.end) / hour.step));
  const kinds = [['Online', 'online', ''], ['Searching', 'searching', ''], ['Matches', 'matches', ''], ['Wait', 'wait', ' s']];
  kinds.forEach(([title, key, unit], index) => {
    chart(index, title, unit, PERIODS[period], charts[period], key, steps ? hour[key].slice(-steps) : []);
  });
}

for (const choice of document.querySelectorAll('[name="period"]')) choice.addEventListener('change', () => showCharts());

