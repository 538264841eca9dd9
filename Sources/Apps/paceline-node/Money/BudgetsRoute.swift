// `GET /v1/budgets` on the operators' listener: where every campaign's money is, in units of its currency.
import HTTP
import JSON
import Ledger
import Units

struct BudgetsRoute {
    let money: NodeMoney

    /// Campaigns are written one by one, so that a catalog of any size is answered from little memory.
    func respond(_ response: inout Response) {
        response.contentType = "application/json"
        let campaigns = money.ledger.money
        var next = 0
        response.stream { piece in
            guard next <= campaigns.count else { return false }
            if next == 0 { piece.write(Array("{\"campaigns\":[".utf8).span.bytes) }
            if next == campaigns.count {
                piece.write(Array("]}\n".utf8).span.bytes)
            } else {
                if next > 0 { piece.write([UInt8(ascii: ",")].span.bytes) }
                piece.write(Self.text(campaigns[next]).span.bytes)
            }
            next += 1
            return true
        }
    }

    private static func text(_ money: CampaignMoney) -> [UInt8] {
        // Two times eight amounts with their names, and an id whose bytes may take six when they are escaped.
        let room = 2_048 + 6 * money.campaign.utf8.count
        return [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            do throws(JSONError) {
                var json = JSONWriter(UnsafeMutableRawBufferPointer(buffer).mutableBytes)
                json.beginObject()
                json.field("campaign", money.campaign)
                json.key("currency")
                if let currency = money.currency { json.value("\(currency)") } else { json.null() }
                json.key("lifetime")
                write(money.lifetime, &json)
                json.key("day")
                if let day = money.day { write(day, &json) } else { json.null() }
                json.field("stillBillable", money.stillBillable)
                if let allowed = money.allowed { json.field("allowed", allowed) }
                if let trouble = money.trouble { json.field("trouble", trouble.rawValue) }
                json.endObject()
                count = try json.finish()
            } catch { preconditionFailure("a campaign's money does not fit its room: \(error)") }
        }
    }

    @_lifetime(json: copy json)
    private static func write(_ places: Places, _ json: inout JSONWriter) {
        json.beginObject()
        json.field("budget", places.budget)
        json.field("overhang", places.overhang)
        json.field("free", places.free)
        json.field("granted", places.granted)
        json.field("settled", places.settled)
        json.field("suspense", places.suspense)
        json.field("presumedSpent", places.presumed)
        json.field("late", places.late)
        json.endObject()
    }
}
