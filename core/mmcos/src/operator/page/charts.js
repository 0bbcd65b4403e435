// Charts

const SVG = 'http://www.w3.org/2000/svg';
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [320, 120, 28, 18];

function svgElement(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Draws a period that ends with the last step. Steps from before the server's start are left empty.
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
    svg.append(svgElement('text', { x: x(moment), y: HEIGHT - 4, class: place }, clock(moment)));
  }
  if (means) svg.append(svgElement('path', { class: 'area', d: path(means, true) }));
  svg.append(svgElement('path', { class: 'line', d: path(values, false) }));
  return svg;
}

function chart(index, title, unit, period, chart, key, newer) {
  const values = chart[key];
  const means = chart[key + '_mean'];
  const known = [...values, ...newer].filter((value) => value !== null);
  const highest = known.length ? Math.max(...known) : null;
  const mean = means && means.length ? means.reduce((sum, value) => sum + value, 0) / means.length : null;
  const figure = byId('charts').children[index] || byId('charts').appendChild(element('figure'));
  const name = title + ', last ' + (period > 3600 ? 'day' : 'hour');
  const text = name + ': ' + (highest === null ? 'nothing yet'
    : 'highest ' + highest + unit + (mean === null ? '' : ', mean ' + mean.toFixed(1) + unit));
  const svg = drawing(chart, period, values, means, Math.max(1, Math.ceil(highest || 0)));
  if (figure.firstChild) figure.firstChild.replaceWith(svg);
  else figure.append(svg, element('figcaption'));
  setText(figure.lastChild, text);
}

function showCharts({ hour, day }) {
  // The hour's minutes contain the current quarter of an hour.
  const steps = Math.max(0, Math.floor((hour.end - day.end) / hour.step));
  const newer = (key) => (steps ? hour[key].slice(-steps) : []);
  const kinds = [['Online', 'online', ''], ['Searching', 'searching', ''], ['Matches', 'matches', ''], ['Wait', 'wait', ' s']];
  kinds.forEach(([title, key, unit], index) => {
    chart(2 * index, title, unit, 3600, hour, key, []);
    chart(2 * index + 1, title, unit, 86400, day, key, newer(key));
  });
}

