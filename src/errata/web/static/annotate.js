// The annotators' page: what is written is kept as it is written, tried when asked for, and sent once.
"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const mark = document.querySelector('meta[name="mark"]').content;

  const post = async (path, body, signal) => {
    let reply;
    try {
      reply = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Errata": mark },
        body: JSON.stringify(body),
        signal,
      });
    } catch {
      throw new Error("The server does not answer. What you wrote is kept in this browser; try again when it is back.");
    }
    const said = await reply.json().catch(() => ({ error: `The server answered ${reply.status}.` }));
    if (!reply.ok) throw new Error(said.error ?? `The server answered ${reply.status}.`);
    return said;
  };
  const trouble = (words) => {
    const place = at("trouble");
    if (!place) return;
    place.textContent = words;
    place.hidden = !words;
    if (words) place.scrollIntoView({ block: "nearest" });
  };

  for (const button of document.querySelectorAll("[data-post]"))
    button.addEventListener("click", async () => {
      try {
        location.assign((await post(button.dataset.post, {})).next);
      } catch (error) {
        trouble(error.message);
      }
    });
  at("naming")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      location.assign((await post("/name", { name: at("name").value })).next);
    } catch (error) {
      trouble(error.message);
    }
  });
  if (!at("data")) return;

  const { key, token, wants, programs, draft } = JSON.parse(at("data").textContent);
  const [text, editor, form] = [at("text"), at("refinement"), at("answer")];
  const here = `/q/${key}`;
  const store = `errata:${mark.slice(0, 16)}:${key}`;
  const tabs = [...document.querySelectorAll('[role="tab"]')];
  const boxes = [...form.querySelectorAll('[name="category"]')];
  let chosen = 0;
  let active = 0;
  let touched = 0;
  let dirty = false;
  let left = false;
  let attempt = 0;
  let lastSent = "";

  // -- the program that is chosen, and its editor
  const original = () => programs[chosen].source ?? "";
  const gutter = () => {
    const count = editor.value.split("\n").length;
    const place = at("gutter");
    if (place.childElementCount !== count) {
      place.replaceChildren(...Array.from({ length: count }, (_, n) => Object.assign(document.createElement("i"), { textContent: n + 1 })));
      editor.parentElement.style.setProperty("--digits", String(String(count).length));
      editor.rows = Math.min(26, Math.max(8, count + 1));
    }
    place.scrollTop = editor.scrollTop;
  };
  const named = (line) =>
    line.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (c) =>
      `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  const clipped = (line) => (line.length > 400 ? `${line.slice(0, 400)} …` : line);
  const drawDiff = () => {
    const rows = programs[chosen].source === null ? [] : errataDiff.lines(original(), editor.value);
    const changed = rows.flatMap((row, n) => (row[0] === " " ? [] : [n]));
    const twins = errataDiff.twins(rows);
    const made = [];
    let last = -1;
    rows.forEach((row, n) => {
      if (!changed.some((other) => Math.abs(other - n) <= 2)) return;
      if (last >= 0 && n > last + 1) made.push(Object.assign(document.createElement("hr"), { className: "gap" }));
      last = n;
      const [kind, old, now, whole] = row;
      const line = document.createElement("div");
      line.className = { " ": "same", "-": "gone", "+": "new" }[kind];
      const number = Object.assign(document.createElement("i"), { textContent: now ?? old, ariaHidden: "true" });
      const code = document.createElement("code");
      const twin = twins.get(n);
      if (twin !== undefined)
        for (const [word, differs] of errataDiff.marked(clipped(whole), clipped(rows[twin][3])))
          code.append(differs ? Object.assign(document.createElement("mark"), { textContent: named(word) }) : named(word));
      else code.textContent = named(clipped(whole));
      line.append(number, Object.assign(document.createElement("b"), { textContent: kind === "-" ? "−" : kind }), code);
      made.push(line);
    });
    at("diff").replaceChildren(...made);
    const [more, less] = ["+", "-"].map((kind) => rows.filter((row) => row[0] === kind).length);
    at("counted").textContent = `+${more} −${less}`;
    at("changes").classList.toggle("none", !changed.length);
  };
  let drawing = 0;
  const drawn = () => {
    gutter();
    cancelAnimationFrame(drawing);
    drawing = requestAnimationFrame(drawDiff);
  };
  const choose = (number, fill = true) => {
    if (number < 0 || number >= programs.length) return;
    if (fill && number !== chosen && editor.value.trim() && editor.value !== original()) {
      at("status").textContent = `The editor keeps your changes to program ${chosen + 1}; “start over” takes program ${number + 1}.`;
      fill = false;
    }
    tabs.forEach((tab, n) => {
      tab.setAttribute("aria-selected", String(n === number));
      tab.tabIndex = n === number ? 0 : -1;
    });
    programs.forEach((_, n) => (at(`offer-${n}`).hidden = n !== number));
    shown = number;
    if (!fill) return;
    chosen = number;
    editor.value = original();
    editor.placeholder = programs[number].source === null ? "This program is too long to be edited here: write it anew, choose another, or skip." : "";
    editor.scrollTop = editor.scrollLeft = 0;
    drawn();
  };
  let shown = 0;
  tabs.forEach((tab, n) => {
    tab.addEventListener("click", () => {
      choose(n);
      changed();
    });
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = (n + step + tabs.length) % tabs.length;
      choose(next);
      changed();
      tabs[next].focus();
    });
  });
  at("reset").addEventListener("click", () => {
    chosen = shown;
    editor.focus();
    editor.select();
    // As typed text, so that it can be undone.
    if (!document.execCommand("insertText", false, original())) editor.value = original();
    at("status").textContent = "";
    drawn();
    changed();
  });

  const insert = (words) => document.execCommand("insertText", false, words);
  let leaving = false;
  editor.addEventListener("keydown", (event) => {
    const { selectionStart: from, selectionEnd: to, value } = editor;
    const start = value.lastIndexOf("\n", from - 1) + 1;
    if (event.key === "Escape") {
      leaving = true;
      return;
    }
    if (event.key === "Tab" && !leaving && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      const block = value.slice(start, to);
      if (!event.shiftKey && !block.slice(from - start).includes("\n")) {
        insert(" ".repeat(4 - ((from - start) % 4)));
      } else {
        const moved = event.shiftKey ? block.replace(/^( {1,4}|\t)/gm, "") : block.replace(/^(?=.)/gm, "    ");
        editor.setSelectionRange(start, to);
        insert(moved);
        editor.setSelectionRange(start, start + moved.length);
      }
    } else if (event.key === "Enter" && !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const line = value.slice(start, from);
      insert(`\n${line.match(/^\s*/)[0]}${/:\s*(#.*)?$/.test(line) ? "    " : ""}`);
    }
    if (event.key !== "Shift") leaving = false;
  });
  editor.addEventListener("blur", () => (leaving = false));
  editor.addEventListener("scroll", gutter);
  editor.addEventListener("input", drawn);

  // -- time and drafts
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "touchstart"])
    addEventListener(kind, () => (touched = Date.now()), { passive: true });
  setInterval(() => {
    if (!document.hidden && Date.now() - touched < 30_000) active += 1;
  }, 1000);
  const written = () => ({
    sample: programs[chosen].sample,
    text: text.value,
    refinement: editor.value === original() ? "" : editor.value,
    category: boxes.filter((box) => box.checked).map((box) => box.value),
    seconds: active,
    token: `${token}`,
  });
  // A storage that is full or forbidden leaves the server's copy.
  const keep = (name, value) => {
    try {
      localStorage.setItem(name, value);
    } catch {}
  };
  const recall = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  const remember = (kept) => keep(store, JSON.stringify(kept));
  let waiting = 0;
  let saving = Promise.resolve();
  let unsaved = "";
  const save = () => {
    if (!dirty || left) return saving;
    dirty = false;
    clearTimeout(waiting);
    const kept = { ...written(), saved: Date.now() };
    remember(kept);
    saving = saving.then(() => post(`${here}/draft`, kept)).then(
      () => {
        if (at("status").textContent === unsaved) at("status").textContent = "";
      },
      (error) => {
        dirty = true;
        unsaved = error.message;
        at("status").textContent = unsaved;
        clearTimeout(waiting);
        waiting = setTimeout(save, 5000);
      },
    );
    return saving;
  };
  const changed = () => {
    dirty = true;
    remember({ ...written(), saved: Date.now() });
    clearTimeout(waiting);
    waiting = setTimeout(save, 800);
  };
  form.addEventListener("input", changed);
  addEventListener("visibilitychange", () => document.hidden && save());
  addEventListener("pagehide", () => {
    if (dirty && !left) {
      const kept = { ...written(), saved: Date.now() };
      remember(kept);
      fetch(`${here}/draft`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Errata": mark },
        body: JSON.stringify(kept),
        keepalive: true,
      }).catch(() => {});
    }
  });
  // Another tab of the same browser wrote to this question's place.
  addEventListener("storage", (event) => {
    if (event.key !== store || left) return;
    at("others").hidden = false;
    at("others").textContent = event.newValue
      ? "This question is open in another tab too: of your drafts, the one that is written to last is kept."
      : "You have answered this question in another tab; Submit here would change that answer.";
  });
  setInterval(async () => {
    if (document.hidden || Date.now() - touched > 90_000) return;
    save();
    try {
      const { others } = await post(`${here}/renew`, {});
      at("others").hidden = !others.length;
      if (others.length)
        at("others").textContent = `${others.join(", ")} took this question while you were away. Your answer counts all the same; “Later” gives you another.`;
    } catch {
      // The next submit will say what is wrong.
    }
  }, 60_000);
  const stored = JSON.parse(recall(store) || "null");
  const begun = stored && stored.saved > (draft?.saved ?? 0) ? stored : draft;
  if (begun) {
    const number = programs.findIndex((program) => program.sample === begun.sample);
    choose(Math.max(0, number));
    text.value = begun.text;
    if (begun.refinement) editor.value = begun.refinement;
    boxes.forEach((box) => (box.checked = begun.category.includes(box.value)));
    active = begun.seconds;
    if (begun.saved) {
      at("restored").hidden = false;
      at("restored").textContent = "Your draft is back.";
      setTimeout(() => (at("restored").hidden = true), 4000);
    }
    drawn();
  } else choose(0);
  const guide = at("guide");
  guide.open = recall("errata:guide") !== "closed";
  guide.addEventListener("toggle", () => keep("errata:guide", guide.open ? "open" : "closed"));

  const saved = recall("errata:saved");
  if (saved) at("status").textContent = `${saved} is saved; “Mine” has it.`;
  keep("errata:saved", "");

  // -- tests
  const showResult = (found) => {
    at("result").innerHTML = found.html;
    at("status").textContent = `${found.words}, ${found.seconds.toFixed(2)} s`;
    at("status").className = `status ${found.passed ? "good" : "poor"}`;
  };
  const run = async () => {
    const button = at("run");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    trouble("");
    at("status").className = "status";
    at("status").textContent = "running …";
    try {
      showResult(await post(`${here}/run`, { refinement: editor.value }));
      at("result").scrollIntoView({ block: "nearest" });
    } catch (error) {
      at("status").textContent = "";
      trouble(error.message);
    } finally {
      button.removeAttribute("aria-busy");
    }
  };
  at("run").addEventListener("click", run);

  // -- sending
  let sending = false;
  let sure = false;
  const send = async (more) => {
    if (sending) return;
    sending = true;
    trouble("");
    at("submit").setAttribute("aria-busy", "true");
    const body = { ...written(), ...more };
    // The same content is the same press, also when the reply to the first was lost.
    const content = JSON.stringify({ ...body, seconds: 0, sure: false });
    if (content !== lastSent.content) lastSent = { content, token: `${token}-${++attempt}`, seconds: body.seconds };
    try {
      const reply = await post(`${here}/submit`, { ...body, seconds: lastSent.seconds, token: lastSent.token });
      if (reply.fails) {
        showResult(reply.fails);
        confirmFirst(`The mended program does not pass yet: ${reply.fails.words}.`);
      } else {
        left = true;
        clearTimeout(waiting);
        await saving;
        keep(store, "");
        keep("errata:guide", "closed");
        keep("errata:saved", document.title.split(" · ")[0]);
        location.assign(reply.next);
      }
    } catch (error) {
      trouble(error.message);
    } finally {
      sending = false;
      at("submit").removeAttribute("aria-busy");
    }
  };
  const confirmFirst = (words) => {
    at("confirm-words").textContent = words;
    at("confirm").hidden = false;
    at("confirm-back").focus({ preventScroll: true });
    at("confirm").scrollIntoView({ block: "nearest" });
  };
  const submit = () => {
    if (at("submit").disabled) return;
    at("skipping").hidden = true;
    if (!text.value.trim()) {
      trouble("Say what is wrong and how to fix it, or skip with a reason.");
      text.focus();
    } else if (wants && !sure && (editor.value === original() || !editor.value.trim()))
      confirmFirst("The program is as it was: no refinement goes with your words.");
    else send({ sure });
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  at("confirm-back").addEventListener("click", () => {
    at("confirm").hidden = true;
    editor.focus();
  });
  at("confirm-yes").addEventListener("click", () => {
    at("confirm").hidden = true;
    sure = true;
    submit();
  });
  form.addEventListener("input", () => (sure = false));
  const skip = () => {
    if (at("skip").disabled) return;
    at("confirm").hidden = true;
    at("skipping").hidden = false;
    at("reason").focus({ preventScroll: true });
    at("skipping").scrollIntoView({ block: "nearest" });
  };
  at("skip").addEventListener("click", skip);
  at("skip-no").addEventListener("click", () => {
    at("skipping").hidden = true;
    text.focus();
  });
  const skipped = () => {
    if (at("reason").value.trim()) send({ skip: at("reason").value });
    else at("reason").focus();
  };
  at("skip-yes").addEventListener("click", skipped);
  at("reason").addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      skipped();
    }
  });
  const later = async () => {
    if (at("later").disabled) return;
    try {
      await save();
      left = true;
      location.assign((await post(`${here}/later`, {})).next);
    } catch (error) {
      left = false;
      trouble(error.message);
    }
  };
  at("later").addEventListener("click", later);

  // -- keys
  const keys = () => at("keys").showModal();
  at("keys-open").addEventListener("click", keys);
  const plainKeys = { KeyR: run, KeyW: () => text.focus(), KeyE: () => editor.focus(), KeyS: skip, KeyL: later };
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      submit();
    } else if (event.altKey && !event.ctrlKey && !event.metaKey) {
      const digit = event.code.match(/^Digit(\d)$/);
      if (digit) {
        event.preventDefault();
        choose((Number(digit[1]) + 9) % 10);
        changed();
      } else if (plainKeys[event.code]) {
        event.preventDefault();
        plainKeys[event.code]();
      }
    } else if (event.key === "?" && !event.target.closest("input:not([type=checkbox]), textarea")) keys();
  });
})();
