-- For Prosody: a network that does not do well by messages which carry bytes of nodes. All else passes.
--
-- The file named by `ill_file` says what it does now, a word and a number N:
--
--   drop N      every Nth is lost                   late N   each comes N seconds later
--   reorder N   each second one waits until the     twice N  each comes again after N seconds
--               next has passed, or N seconds       slow N   more than N in a second are refused
--   trim N      N characters of the bytes are left  wrap N   the bytes are broken into lines of N characters
--   strip 0     what people read is left alone      refuse 0 none is taken
--
-- Whose came in is noted in `ill_file` with `.seen` behind it, a line each. What is lost here is nowhere: the
-- archive looks at messages later.

local st = require "util.stanza";
local timer = require "util.timer";

local OPAQUE = "urn:swarmnode:opaque:1";
local path = module:get_option_string("ill_file");
local count, held, second, in_second = 0, nil, 0, 0;

local function illness()
	local file = io.open(path);
	local text = file and file:read("*a") or "";
	if file then file:close(); end
	local word, number = text:match("^(%a+) (%d+)");
	return word, tonumber(number);
end

local function note(from)
	local file = assert(io.open(path .. ".seen", "a"));
	file:write(from, "\n");
	file:close();
end

local function pass(one)
	if one.origin.type == "c2s" then
		one.stanza.is_passed = true;
		prosody.core_post_stanza(one.origin, one.stanza, true);
	end
end

local function let_go()
	local one = held;
	held = nil;
	if one then pass(one); end
end

local function rewritten(stanza, change)
	stanza:maptags(function (tag)
		if tag.name ~= "opaque" then return tag; end
		local text = change(tag:get_text());
		return text and st.stanza("opaque", { xmlns = OPAQUE }):text(text) or nil;
	end);
end

local function refused(one)
	one.origin.send(st.error_reply(one.stanza, "wait", "resource-constraint"));
	return true;
end

local does = {};

function does.drop(_, n)
	return count % n == 0 or nil;
end

function does.late(one, n)
	timer.add_task(n, function () pass(one); end);
	return true;
end

function does.twice(one, n)
	local again = { origin = one.origin, stanza = st.clone(one.stanza) };
	timer.add_task(n, function () pass(again); end);
end

function does.reorder(one, n)
	if held then
		pass(one);
		let_go();
	else
		held = one;
		timer.add_task(n, function () if held == one then let_go(); end end);
	end
	return true;
end

function does.trim(one, n)
	rewritten(one.stanza, function (text) return text:sub(1, n); end);
end

function does.wrap(one, n)
	rewritten(one.stanza, function (text) return (text:gsub(("."):rep(n), "%0\n  ")); end);
end

function does.strip(one)
	rewritten(one.stanza, function () return nil; end);
end

function does.slow(one, n)
	local now = os.time();
	if now ~= second then second, in_second = now, 0; end
	in_second = in_second + 1;
	if in_second > n then return refused(one); end
end

does.refuse = refused;

local function came(one)
	local stanza = one.stanza;
	if stanza.is_passed or stanza.attr.type == "error" or not stanza:get_child("opaque", OPAQUE) then return; end
	count = count + 1;
	note(one.origin.username);
	local word, n = illness();
	local act = word and does[word];
	if act then return act({ origin = one.origin, stanza = stanza }, n); end
end

module:hook("pre-message/bare", came, 1000);
module:hook("pre-message/full", came, 1000);

-- Later versions of Prosody say so themselves (XEP-0478).
local limit = module:get_option_number("c2s_stanza_size_limit");

module:hook("stream-features", function (event)
	event.features:tag("limits", { xmlns = "urn:xmpp:stream-limits:0" });
	event.features:text_tag("max-bytes", tostring(limit)):up();
end);
