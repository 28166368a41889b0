// Which marks there are, and which shelves each has: role, title, whether it is needed, and what it usually holds.
const shelf = (role, title, wants, needed = true) => ({ role, title, wants, needed });
const X = shelf("x", "X", "group");
const Y = shelf("y", "Y", "measure");
const COLOR = shelf("color", "Colour", "group", false);
const LABEL = shelf("label", "Label", "measure", false);
const XY = [X, Y, COLOR];

export const MARKS = [
  { mark: "bar", title: "Bars", shelves: [...XY, LABEL] },
  { mark: "line", title: "Lines", shelves: XY },
  { mark: "area", title: "Areas", shelves: XY },
  { mark: "point", title: "Points", shelves: XY },
  { mark: "tick", title: "Ticks", shelves: XY },
  { mark: "donut", title: "Donut", shelves: [shelf("color", "Slices", "group"), shelf("y", "Size", "measure")] },
  { mark: "heatmap", title: "Heat map", shelves: [X, shelf("y", "Y", "group"), shelf("color", "Colour", "measure"), LABEL] },
  { mark: "histogram", title: "Histogram", shelves: [shelf("x", "Values", "value"), shelf("y", "How often", "measure", false), COLOR] },
  { mark: "box", title: "Box plot", shelves: [shelf("x", "X", "group", false), shelf("y", "Values", "value"), COLOR] },
  { mark: "scatter", title: "Scatter", shelves: [shelf("x", "X", "measure"), Y, shelf("size", "Size", "measure", false), COLOR, shelf("label", "Each point is", "group", false)] },
  { mark: "funnel", title: "Funnel", shelves: [shelf("y", "Stages", "group"), shelf("x", "Size", "measure")] },
  { mark: "cohort", title: "Cohorts", shelves: [shelf("y", "Cohort", "group"), shelf("x", "Period", "group"), shelf("color", "Value", "measure")] },
  { mark: "interval", title: "Intervals", shelves: [shelf("y", "Groups", "group"), shelf("x", "Found", "measure"), shelf("low", "From", "measure"), shelf("high", "To", "measure"), COLOR] },
  { mark: "number", title: "Number", shelves: [shelf("y", "Value", "measure"), shelf("x", "Trend over", "group", false)] },
  { mark: "table", title: "Table", shelves: [shelf("columns", "Columns", "measure")] },
];

export const about = (mark) => MARKS.find((one) => one.mark === mark) ?? MARKS[0];
export const shelvesOf = (mark) => about(mark).shelves;
export const ROLES = ["x", "y", "low", "high", "color", "size", "label"];
export const STACKED = ["bar", "area", "histogram"];
