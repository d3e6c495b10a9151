// Everything stands in the page without this; it only finds, sorts and unfolds.
(function () {
  "use strict";

  function byId(id) { return document.getElementById(id); }
  function lower(node) { return node.textContent.toLowerCase(); }

  // Links lead into folded parts.
  function unfold(hash) {
    var name = hash.slice(1);
    // An address that somebody typed need not be one that decodes.
    try { name = decodeURIComponent(name); } catch (error) { return; }
    var target = name && byId(name);
    if (!target) { return; }
    for (var node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") { node.open = true; }
      if (node.hidden) { node.hidden = false; }
    }
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", function () { unfold(location.hash); });
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) { unfold(location.hash); }
  });
  unfold(location.hash);

  // What is folded is printed too, but for what says so: the pages of rules, the numbers of charts, and accounts that
  // were judged and have no risk. What a filter hides is printed by the style sheet.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details:not([open]):not(.screen)"));
    opened.forEach(function (part) { part.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (part) { part.open = false; });
    opened = [];
  });

  function counted(shown, all, bound) { return shown === all && !bound ? all + " shown" : shown + " of " + (bound || "") + all + " shown"; }

  // The inventory.
  var table = byId("account-table");
  var tools = byId("account-tools");
  if (table && tools) {
    var body = table.tBodies[0];
    var rows = Array.from(body.rows).map(function (row, place) {
      return { row: row, place: place, text: lower(row), is: " " + row.dataset.is + " " };
    });
    var search = byId("account-search");
    var kind = byId("account-kind");
    var checks = Array.from(tools.querySelectorAll("input[type=checkbox]"));
    var filter = function () {
      var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      var marks = checks.filter(function (check) { return check.checked; });
      marks = marks.map(function (check) { return check.value; });
      if (kind.value) { marks.push(kind.value); }
      var shown = 0;
      rows.forEach(function (entry) {
        var fits = words.every(function (word) { return entry.text.includes(word); }) &&
          marks.every(function (mark) { return entry.is.includes(" " + mark + " "); });
        entry.row.hidden = !fits;
        if (fits) { shown += 1; }
      });
      byId("account-count").textContent = counted(shown, rows.length, byId("account-count").dataset.bound);
    };
    tools.addEventListener("input", filter);
    tools.addEventListener("submit", function (event) { event.preventDefault(); });
    tools.hidden = false;
    filter();
    // Going back, a browser fills in again what was searched for.
    window.addEventListener("pageshow", filter);

    Array.from(table.tHead.rows[0].cells).forEach(function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      var isNumber = head.classList.contains("n");
      var value = function (entry) {
        var text = entry.row.cells[column].textContent;
        if (!isNumber) { return text.toLowerCase(); }
        if (text === "everybody") { return Infinity; }
        var number = parseFloat(text.replace(/^[^0-9]*/, ""));
        return isNaN(number) ? null : number;
      };
      button.addEventListener("click", function () {
        var order = head.getAttribute("aria-sort");
        var descending = order ? order === "ascending" : isNumber;
        Array.from(head.parentNode.cells).forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        var sign = descending ? -1 : 1;
        var keyed = rows.map(function (entry) { return { entry: entry, key: value(entry) }; });
        // What is not known is last either way: it is neither the least nor the most.
        keyed.sort(function (a, b) {
          if (a.key === null || b.key === null) {
            return (a.key === null) - (b.key === null) || a.entry.place - b.entry.place;
          }
          return a.key < b.key ? -sign : a.key > b.key ? sign : a.entry.place - b.entry.place;
        });
        var all = document.createDocumentFragment();
        keyed.forEach(function (pair) { all.appendChild(pair.entry.row); });
        body.appendChild(all);
      });
    });
  }

  // The findings.
  var bar = byId("finding-tools");
  if (bar) {
    var wanted = byId("finding-search");
    var severity = byId("finding-severity");
    var groups = Array.from(document.querySelectorAll("article.group")).map(function (group) {
      return {
        group: group,
        title: lower(group.querySelector("h3")) + " " + lower(group.querySelector(".meta")),
        rows: Array.from(group.querySelectorAll("tr[data-is]")).map(function (row) {
          return { row: row, text: lower(row) };
        })
      };
    });
    var total = groups.reduce(function (sum, entry) { return sum + entry.rows.length; }, 0);
    var narrow = function () {
      var words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
      var shown = 0;
      groups.forEach(function (entry) {
        var here = 0;
        entry.rows.forEach(function (found) {
          var fits = (!severity.value || found.row.dataset.is === severity.value) &&
            words.every(function (word) { return found.text.includes(word) || entry.title.includes(word); });
          found.row.hidden = !fits;
          if (fits) { here += 1; }
        });
        entry.group.hidden = here === 0;
        shown += here;
      });
      byId("finding-count").textContent = counted(shown, total);
    };
    bar.addEventListener("input", narrow);
    bar.addEventListener("submit", function (event) { event.preventDefault(); });
    bar.hidden = false;
    narrow();
    window.addEventListener("pageshow", narrow);
  }
}());
