// `GET /v1/pacing` on the operators' listener: for each campaign the share of the requests that it competes for, and
// how far it is behind its plan.
import HTTP
import JSON
import Kernel
import Units

struct PacingRoute {
    let pacing: NodePacing

    /// Campaigns are written one by one, so that a catalog of any size is answered from little memory.
    func respond(_ response: inout Response) {
        response.contentType = "application/json"
        let shown = pacing.shown
        var next = 0
        response.stream { piece in
            guard next <= shown.rows.count else { return false }
            if next == 0 {
                piece.write(Array("{\"version\":\(shown.version),\"campaigns\":[".utf8).span.bytes)
            }
            if next == shown.rows.count {
                piece.write(Array("]}\n".utf8).span.bytes)
            } else {
                if next > 0 { piece.write([UInt8(ascii: ",")].span.bytes) }
                piece.write(Self.text(shown.rows[next]).span.bytes)
            }
            next += 1
            return true
        }
    }

    private static func text(_ row: PacingRow) -> [UInt8] {
        // Five fields, and an id whose bytes may take six when they are escaped.
        let room = 256 + 6 * row.campaign.utf8.count
        return [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            do throws(JSONError) {
                var json = JSONWriter(UnsafeMutableRawBufferPointer(buffer).mutableBytes)
                json.beginObject()
                json.field("campaign", row.campaign)
                json.field("pacing", "\(row.mode)")
                json.key("share")
                json.value(row.share)
                json.key("price")
                if let price = row.price { json.value(price) } else { json.null() }
                json.key("behind")
                if row.isPlanned { json.value(row.behind) } else { json.null() }
                json.endObject()
                count = try json.finish()
            } catch { preconditionFailure("a campaign's pacing does not fit its room: \(error)") }
        }
    }
}
