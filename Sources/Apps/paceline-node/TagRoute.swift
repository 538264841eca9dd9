// `GET /vast`: an ad tag in, a VAST document out. What its parameters are is written down in docs/serving.md.
import Decision
import HTTP
import JSON
import OpenRTB
import Units

/// One for each shard, used on its thread only.
final class TagRoute {
    private let decisions: ShardDecisions
    private var tags = TagReader()

    init(_ decisions: ShardDecisions) { self.decisions = decisions }

    func respond(to request: borrowing Request, _ response: inout Response) {
        Self.respond(&tags, decisions, request.query, request.traceparent, &response)
    }

    /// The request that a tag stands for lies in the reader, which only this call may use meanwhile.
    private static func respond(
        _ tags: inout TagReader, _ decisions: ShardDecisions, _ query: RawSpan, _ traceparent: RawSpan?,
        _ response: inout Response
    ) {
        // Players in browsers fetch tags from pages of other hosts, and no answer is meant for a second viewer.
        response.header("access-control-allow-origin", "*")
        response.header("cache-control", "no-store")
        if let refusal = decisions.refusal(of: query, .vast) {
            decisions.noteTurnedAway(traceparent, refusal, .vast)
            // One that players of every version read.
            response.contentType = "application/xml; charset=utf-8"
            response.header("paceline-no-bid", refusal.label)
            return response.write("<VAST version=\"3.0\"/>\n")
        }
        do {
            try tags.read(query, number: decisions.nextNumber())
        } catch {
            decisions.countRefusal()
            return refuse(error, &response)
        }
        do {
            try decisions.decide(tags.request, .vast, traceparent: traceparent) { decision, answer in
                response.contentType = "application/xml; charset=utf-8"
                let id = decision.name
                response.header("paceline-decision", id.utf8.span.bytes)
                if let reason = decision.noBid { response.header("paceline-no-bid", reason.label) }
                response.write(answer)
            }
        } catch {
            refuse(tags.refusal(error), &response)
        }
    }

    private static func refuse(_ error: TagError, _ response: inout Response) {
        response.status = .badRequest
        response.contentType = "application/json"
        // A byte takes six at the most, as \u00XX.
        let texts = 6 * (error.parameter.utf8.count + error.found.utf8.count + error.allowed.utf8.count)
        response.writeLine(upTo: 128 + texts) { room throws(JSONError) in
            var json = JSONWriter(room.mutableBytes)
            json.beginObject()
            json.field("parameter", error.parameter)
            json.field("found", error.found)
            json.field("allowed", error.allowed)
            json.endObject()
            return try json.finish()
        }
    }
}
