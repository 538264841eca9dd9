// `POST /openrtb2/bid`: a bid request in, a bid response out. What it answers is written down in docs/serving.md.
import Decision
import HTTP
import JSON
import OpenRTB
import Units

/// One for each shard.
struct BidRoute {
    let decisions: ShardDecisions

    func respond(to request: borrowing Request, _ response: inout Response) {
        if let refusal = decisions.refusal(of: request.body, .openrtb) {
            return turnAway(request, refusal, &response)
        }
        guard request.isJSON else {
            response.status = .unsupportedMediaType
            return response.write("A bid request is sent with content-type: application/json.\n")
        }
        guard request.isPlain else {
            response.status = .unsupportedMediaType
            response.header("accept-encoding", "identity")
            return response.write("Bid requests are read as they are, without a content-encoding.\n")
        }
        var wantsReason = false
        if let flag = request.query.parameter("nbr"), !flag.equals("0") {
            guard flag.equals("1") else {
                response.status = .badRequest
                return response.write("nbr is 1, for a no-bid with its reason in a body, or 0.\n")
            }
            wantsReason = true
        }
        do {
            try decisions.decide(request.body, .openrtb, traceparent: request.traceparent) {
                decision, answer in
                response.contentType = "application/json"
                response.header("x-openrtb-version", "2.6")
                // By which the journal knows it; a no-bid without a body has no other place for it.
                let id = decision.name
                response.header("paceline-decision", id.utf8.span.bytes)
                if let reason = decision.noBid, !wantsReason {
                    response.status = .noContent
                    response.header("paceline-no-bid", reason.label)
                } else {
                    response.write(answer)
                }
            }
        } catch {
            refuse(error, request.body, &response)
        }
    }

    /// Unread but for the id, and that only where it has to be repeated.
    private func turnAway(
        _ request: borrowing Request, _ refusal: LoadGate.Refusal, _ response: inout Response
    ) {
        decisions.noteTurnedAway(request.traceparent, refusal, .openrtb)
        response.header("paceline-no-bid", refusal.label)
        guard let flag = request.query.parameter("nbr"), flag.equals("1"),
            let id = decisions.id(in: request.body)
        else { return response.status = .noContent }
        response.contentType = "application/json"
        response.header("x-openrtb-version", "2.6")
        response.write("{\"id\":\"")
        response.write(request.body.extracting(id))
        response.write("\",\"nbr\":")
        response.write(refusal.number)
        response.write("}")
    }

    private func refuse(_ error: OpenRTBError, _ body: RawSpan, _ response: inout Response) {
        response.status = body.byteCount > RequestLimits().bytes ? .contentTooLarge : .badRequest
        response.write(error, in: body)
    }
}

extension Response {
    /// What was found where, and what is allowed there.
    mutating func write(_ error: OpenRTBError, in body: RawSpan, parameter: String? = nil) {
        contentType = "application/json"
        let place = JSONLocation(of: error.offset, in: body)
        // A byte takes six at the most, as \u00XX.
        let texts = 6 * (error.path.utf8.count + error.found.utf8.count + error.allowed.utf8.count)
        writeLine(upTo: 256 + texts + 6 * (parameter?.utf8.count ?? 0)) { room throws(JSONError) in
            var json = JSONWriter(room.mutableBytes)
            json.beginObject()
            if let parameter { json.field("parameter", parameter) }
            json.field("path", error.path)
            json.field("found", error.found)
            json.field("allowed", error.allowed)
            if parameter == nil {
                json.field("line", place.line)
                json.field("column", place.column)
                json.field("offset", error.offset)
            }
            json.endObject()
            return try json.finish()
        }
    }
}

extension Request {
    /// Nothing said is taken for JSON: the path says what is meant.
    fileprivate var isJSON: Bool {
        guard let type = header("content-type") else { return true }
        let name: StaticString = "application/json"
        guard type.starts(with: name, anyCase: true) else { return false }
        if type.byteCount == name.utf8CodeUnitCount { return true }
        let next = type.unsafeLoad(fromByteOffset: name.utf8CodeUnitCount, as: UInt8.self)
        return next == UInt8(ascii: ";") || next == UInt8(ascii: " ")
    }

    fileprivate var isPlain: Bool {
        guard let encoding = header("content-encoding") else { return true }
        return encoding.equals("identity", anyCase: true)
    }
}
