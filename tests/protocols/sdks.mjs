/* The SDKs for tokens, in one form:  await sdks[NAME](server, ask)
 *
 *   server   the address of a server, with "/" at its end
 *   ask      prompt; and, if wanted: tool, max, retries, timeout, signal, fetch, whole (no stream),
 *            on(text), called with each piece
 *
 * Returns {text, call, reason, tokens, events}; events: how many the SDK has given. What an SDK throws has what came before, in `so far`. */
import { need } from "../clients/serving.mjs";

const { default: OpenAI } = await need("openai");
const { default: Anthropic } = await need("@anthropic-ai/sdk");
const { generateText, jsonSchema, streamText, tool } = await need("ai");
const { createOpenAI } = await need("@ai-sdk/openai");
const { createAnthropic } = await need("@ai-sdk/anthropic");
const { createOpenAICompatible } = await need("@ai-sdk/openai-compatible");

export { Anthropic, OpenAI };

globalThis.AI_SDK_LOG_WARNINGS = false; // of ai: it does not know the model

const MODEL = "stand-in";
export const parameters = { type: "object", properties: { text: { type: "string" } } };

export const openai = (server, ask = {}) => new OpenAI({ apiKey: "none", baseURL: server + "v1",
    maxRetries: ask.retries ?? 0, timeout: ask.timeout, fetch: ask.fetch, logLevel: "off" });
export const anthropic = (server, ask = {}) => new Anthropic({ apiKey: "none",
    baseURL: server.slice(0, -1), maxRetries: ask.retries ?? 0, timeout: ask.timeout,
    fetch: ask.fetch, logLevel: "off" });

class Result {
    constructor(ask) {
        Object.assign(this, { text: "", call: undefined, reason: undefined, tokens: undefined, events: 0 });
        Object.defineProperty(this, "on", { value: ask.on ?? (() => {}) });
    }

    add(text) {
        this.text += text;
        if (text)
            this.on(text);
    }

    begin(name, args = "") {
        this.call = { name, args };
    }
}

async function chat(server, ask, result) {
    const body = { model: MODEL, messages: [{ role: "user", content: ask.prompt }],
        max_completion_tokens: ask.max, stream: !ask.whole,
        stream_options: ask.whole ? undefined : { include_usage: true },
        tools: ask.tool && [{ type: "function", function: { name: ask.tool, parameters } }] };
    const answer = await openai(server, ask).chat.completions.create(body, { signal: ask.signal });

    for await (const chunk of ask.whole ? [answer] : answer) {
        const choice = chunk.choices?.[0]; // a ping has none
        result.events++;
        const message = choice?.message ?? choice?.delta;
        const call = message?.tool_calls?.[0];

        if (call?.function.name)
            result.begin(call.function.name, call.function.arguments);
        else if (call)
            result.call.args += call.function.arguments;
        result.add(message?.content ?? "");
        result.reason = choice?.finish_reason ?? result.reason;
        result.tokens = chunk.usage?.completion_tokens ?? result.tokens;
    }
}

async function responses(server, ask, result) {
    const body = { model: MODEL, input: ask.prompt, max_output_tokens: ask.max, stream: !ask.whole,
        tools: ask.tool && [{ type: "function", name: ask.tool, parameters, strict: false }] };
    const answer = await openai(server, ask).responses.create(body, { signal: ask.signal });

    for await (const event of ask.whole ? [{ response: answer }] : answer) {
        result.events++;
        if (event.type === "response.output_text.delta")
            result.add(event.delta);
        if (event.type === "response.output_item.done" && event.item.type === "function_call")
            result.begin(event.item.name, event.item.arguments);
        if (event.response?.usage) {
            const item = event.response.output[0];
            result.tokens = event.response.usage.output_tokens;
            result.reason = event.response.incomplete_details?.reason ?? event.response.status;
            if (event.response.error) // the SDK does not throw it
                throw Object.assign(new OpenAI.APIError(undefined, event.response.error,
                    event.response.error.message, undefined));
            if (ask.whole && item.type === "function_call")
                result.begin(item.name, item.arguments);
            else if (ask.whole)
                result.add(answer.output_text);
        }
    }
}

async function messages(server, ask, result) {
    const body = { model: MODEL, max_tokens: ask.max ?? 60000,
        messages: [{ role: "user", content: ask.prompt }], stream: !ask.whole,
        tools: ask.tool && [{ name: ask.tool, input_schema: parameters }] };
    // The SDK asks for a timeout of one's own where an answer that is no stream may be long.
    const options = { signal: ask.signal, timeout: ask.timeout ?? 20000 };
    const answer = await anthropic(server, ask).messages.create(body, options);

    if (ask.whole) {
        const [block] = answer.content;
        if (block.type === "tool_use")
            result.begin(block.name, JSON.stringify(block.input));
        else
            result.add(block.text);
        [result.reason, result.tokens] = [answer.stop_reason, answer.usage.output_tokens];
        return;
    }
    for await (const event of answer) {
        result.events++;
        if (event.content_block?.type === "tool_use")
            result.begin(event.content_block.name);
        if (event.delta?.type === "input_json_delta")
            result.call.args += event.delta.partial_json;
        result.add(event.delta?.text ?? "");
        result.reason = event.delta?.stop_reason ?? result.reason;
        result.tokens = event.usage?.output_tokens ?? result.tokens;
    }
}

/** The providers of ai, which is one SDK over many protocols. */
export const models = {
    "ai + openai": (server, ask) => createOpenAI({ apiKey: "none", baseURL: server + "v1",
        fetch: ask.fetch }).chat(MODEL),
    "ai + openai responses": (server, ask) => createOpenAI({ apiKey: "none", baseURL: server + "v1",
        fetch: ask.fetch }).responses(MODEL),
    "ai + openai-compatible": (server, ask) => createOpenAICompatible({ name: "stand-in",
        baseURL: server + "v1", fetch: ask.fetch, includeUsage: true })(MODEL),
    "ai + anthropic": (server, ask) => createAnthropic({ apiKey: "none", baseURL: server + "v1",
        fetch: ask.fetch })(MODEL),
};

const ai = (name) => async (server, ask, result) => {
    const settings = { model: models[name](server, ask), prompt: ask.prompt,
        maxRetries: ask.retries ?? 0, abortSignal: ask.signal, maxOutputTokens: ask.max,
        tools: ask.tool && { [ask.tool]: tool({ inputSchema: jsonSchema(parameters) }) } };
    let failed;

    if (ask.whole) {
        const answer = await generateText(settings);
        const [call] = answer.toolCalls;
        if (call)
            result.begin(call.toolName, JSON.stringify(call.input));
        result.add(answer.text);
        [result.reason, result.tokens] = [answer.finishReason, answer.usage.outputTokens];
        return;
    }
    for await (const part of streamText({ ...settings, onError: () => {} }).fullStream) {
        result.events++;
        if (part.type === "text-delta")
            result.add(part.text);
        if (part.type === "tool-call")
            result.begin(part.toolName, JSON.stringify(part.input));
        if (part.type === "error")
            failed ??= part.error;
        if (part.type === "abort")
            failed ??= new Error("aborted");
        if (part.type === "finish")
            [result.reason, result.tokens] = [part.finishReason, part.totalUsage.outputTokens];
    }
    if (failed)
        throw failed instanceof Error ? failed : new Error(failed.message ?? String(failed), { cause: failed });
};

export const sdks = Object.fromEntries(Object.entries({
    "openai chat": chat,
    "openai responses": responses,
    "anthropic": messages,
    ...Object.fromEntries(Object.keys(models).map((name) => [name, ai(name)])),
}).map(([name, run]) => [name, async (server, ask) => {
    const result = new Result(ask);

    try {
        await run(server, ask, result);
    } catch (error) {
        throw Object.assign(error, { "so far": result.text });
    }
    return result;
}]));
