// Bid requests for breaks on television sets, as an exchange writes them: made up, of viewers who come back.
import Units

/// What runs when the break comes.
enum BreakKind: String, CaseIterable, Sendable {
    case match, cooking, travel, drama, film

    fileprivate var content: String {
        switch self {
        case .match:
            #""title":"Cup, second half","genre":"sports","livestream":1,"network":{"name":"StreamFront Live"}"#
        case .cooking: #""title":"Four pans","genre":"cooking","livestream":0"#
        case .travel:
            #""title":"Far coasts","genre":"travel","livestream":0,"kwarray":["context=travel"]"#
        case .drama:
            #""title":"The Long Thaw","genre":"drama, thriller","contentrating":"TV-14","livestream":0,"kwarray":["context=travel"]"#
        case .film: #""title":"A film","genre":"film","livestream":0"#
        }
    }
}

struct BreakRequests {
    private struct City {
        let name, country, region, metro, zip: String
        let latitude, longitude: Double
        let utcOffset: Int
    }

    /// Two for each region of a fleet, by turns.
    private static let cities: [[City]] = [
        [
            City(
                name: "New York", country: "USA", region: "NY", metro: "501", zip: "10001", latitude: 40.7506,
                longitude: -73.9972, utcOffset: -300),
            City(
                name: "Boston", country: "USA", region: "MA", metro: "506", zip: "02108", latitude: 42.3576,
                longitude: -71.0684, utcOffset: -300),
        ],
        [
            City(
                name: "Los Angeles", country: "USA", region: "CA", metro: "803", zip: "90001",
                latitude: 33.974, longitude: -118.2487, utcOffset: -480),
            City(
                name: "Seattle", country: "USA", region: "WA", metro: "819", zip: "98101", latitude: 47.6114,
                longitude: -122.3305, utcOffset: -480),
        ],
        [
            City(
                name: "Toronto", country: "CAN", region: "ON", metro: "0", zip: "M5V", latitude: 43.6426,
                longitude: -79.3871, utcOffset: -300),
            City(
                name: "Vancouver", country: "CAN", region: "BC", metro: "0", zip: "V6B", latitude: 49.2777,
                longitude: -123.1076, utcOffset: -480),
        ],
        [
            City(
                name: "Chicago", country: "USA", region: "IL", metro: "602", zip: "60601", latitude: 41.8858,
                longitude: -87.6181, utcOffset: -360),
            City(
                name: "Austin", country: "USA", region: "TX", metro: "635", zip: "78701", latitude: 30.2713,
                longitude: -97.7426, utcOffset: -360),
        ],
    ]

    /// So many that caps let most breaks through, and so few that viewers come back.
    private static let viewers: UInt64 = 50_000

    private var draws: Randomness
    private var number = 0
    private let start: UInt64

    init(seed: UInt64) {
        draws = Randomness(seed: seed)
        start = draws.next()
    }

    mutating func next(_ kind: BreakKind, region: Int) -> [UInt8] {
        number += 1
        let cities = Self.cities[region % Self.cities.count]
        let city = cities[Int(draws.next(below: UInt64(cities.count)))]
        let viewer = draws.next(below: Self.viewers)
        // The same viewer has the same device and the same address at home.
        let device = Self.digits(viewer &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(region) << 32)
        let address = "10.\(region % 256).\(viewer / 250 % 256).\(viewer % 250 + 1)"
        return Array(
            """
            {"id":"\(String(start, radix: 16))-\(number)","at":1,"tmax":250,"cur":["USD"],\
            "imp":[{"id":"1","bidfloor":12,"bidfloorcur":"USD","secure":1,"video":{\
            "mimes":["video/mp4","application/x-mpegURL"],"protocols":[3,7,11,13],"w":1920,"h":1080,"startdelay":-1,\
            "plcmt":1,"linearity":1,"podid":"break-1","podseq":0,"poddur":90,"maxseq":6,"rqddurs":[15,30]},\
            "pmp":{"deals":[{"id":"streamfront-winter-pg","bidfloor":35,"at":3},\
            {"id":"streamfront-sports-pmp","bidfloor":30,"at":1}]}}],\
            "app":{"id":"streamfront-roku","bundle":"151908","publisher":{"id":"streamfront"},\
            "content":{\(kind.content),"language":"en"}},\
            "device":{"devicetype":3,"os":"Roku","make":"Roku","ip":"\(address)",\
            "ifa":"\(device.prefix(8))-77f4-4a35-9d43-\(device.suffix(12))",\
            "geo":{"country":"\(city.country)","region":"\(city.region)","metro":"\(city.metro)",\
            "city":"\(city.name)","zip":"\(city.zip)","lat":\(city.latitude),"lon":\(city.longitude),\
            "utcoffset":\(city.utcOffset)}},\
            "user":{"id":"viewer-\(region)-\(viewer)"},"regs":{"coppa":0,"gdpr":0}}
            """.utf8)
    }

    private static func digits(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
