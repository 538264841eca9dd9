// One node's sample for a forecast, as it came. A node is not believed what cannot be: counts are whole and no larger than what they are
// counted among, and every number is so small that sums over all nodes and days stay finite.
import Documents
import Serving
import Units

struct ForecastSample {
    let region: String
    let perSecond: Double
    let seconds: Double
    let kept, decided, requests, places, contested, priced, countable, viewers, once, twice: Double
    /// In units of the currency.
    let prices: Double
    let tenth, middle, nineTenths: Micros?
    let otherCurrency: Double
    let weekdays: [(decided: Double, places: Double)]
    let outcomes: [(name: String, why: String, lineItems: Double)]
    let isCut: Bool
    /// A node of the version before says nothing of them.
    let journals, unread: Double

    /// More than any node decides again, or keeps.
    private static let requestsMost = 1e9
    /// More than an answer has.
    private static let placesMost = 1_000.0
    /// What the catalog takes as a bid at most.
    private static let priceMost = 1e9
    private static let perSecondMost = 1e7
    private static let secondsMost = 1e10
    private static let lineItemsMost = 1e15

    init(_ tree: JSONTree, region: String) throws(Malformed) {
        let fields = try Fields(tree, at: "known")
        func price(_ key: String) throws(Malformed) -> Micros? {
            if case .null? = tree[key]?.content { return nil }
            let value = try fields.amount(key)
            guard Double(value.rawValue) / 1e6 <= Self.priceMost else {
                throw Malformed(place: "known.\(key)", allowed: "a price of at most \(Self.priceMost)")
            }
            return value
        }
        self.region = region
        perSecond = try fields.real("perSecond", 0...Self.perSecondMost)
        seconds = try fields.real("seconds", 0...Self.secondsMost)
        kept = try fields.count("kept", Self.requestsMost)
        decided = try fields.count("decided", kept)
        requests = try fields.count("requests", decided)
        places = try fields.count("places", requests * Self.placesMost)
        contested = try fields.count("contested", requests)
        priced = try fields.count("priced", places)
        otherCurrency = try fields.count("otherCurrency", places - priced)
        countable = try fields.count("countable", requests)
        viewers = try fields.count("viewers", countable)
        once = try fields.count("once", viewers)
        twice = try fields.count("twice", viewers - once)
        prices = Double(try fields.amount("priceSum").rawValue) / 1e6
        guard prices <= priced * Self.priceMost else {
            throw Malformed(
                place: "known.priceSum", allowed: "at most \(Self.priceMost) for each that is priced")
        }
        (tenth, middle) = (try price("priceTenth"), try price("priceMiddle"))
        nineTenths = try price("priceNineTenths")
        isCut = try fields.flag("isCut")
        journals = fields.has("journals") ? try fields.count("journals", Self.requestsMost) : 0
        unread = fields.has("unread") ? try fields.count("unread", journals) : 0
        var weekdays: [(Double, Double)] = []
        for one in try fields.list("weekdays", most: 7) {
            let day = try Fields(one, at: "known.weekdays")
            let decided = try day.count("decided", decided)
            weekdays.append((decided, try day.count("places", min(places, decided * Self.placesMost))))
        }
        guard weekdays.count == 7 else { throw Malformed(place: "known.weekdays", allowed: "seven of them") }
        self.weekdays = weekdays
        var outcomes: [(String, String, Double)] = []
        if case .object(let members) = try fields.tree("outcomes", "outcomes").content {
            for member in members.prefix(64) where member.key.utf8.count <= 64 {
                let one = try Fields(member.value, at: "known.outcomes")
                outcomes.append(
                    (member.key, try one.text("why"), try one.count("lineItems", Self.lineItemsMost)))
            }
        }
        self.outcomes = outcomes
    }
}

extension Fields {
    /// A whole number; of what is counted among others, no more than these.
    fileprivate func count(_ key: String, _ most: Double) throws(Malformed) -> Double {
        let value = try real(key, 0...most)
        guard value == value.rounded() else {
            throw Malformed(place: "known.\(key)", allowed: "a whole number from 0 to \(most)")
        }
        return value
    }
}
