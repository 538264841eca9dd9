// What targeting means, said as plainly as possible: the expressions of line items, evaluated one by one. The index
// must find the same line items.
import Foundation
import Units

@testable import Catalog

/// A request as people would write it down.
struct Viewer {
    var values: [Catalog.Dimension: [String]] = [:]
    var point: GlobePoint?
    var minuteOfWeek = 0
    var now = Instant(nanoseconds: 0)
    var formats: [Creative.Format] = [.video]
    var blockedDomains: [String] = []
    var blockedCategories: [String] = []

    func fill(_ query: inout CatalogQuery) {
        query.start(at: now, viewerQuarter: WeekMask.quarter(ofMinute: minuteOfWeek))
        for (dimension, names) in values {
            for name in names { query.add(dimension, name.utf8Span.span.raw) }
        }
        if let point { query.add(point) }
        for format in formats { query.add(.format, format.rawValue.utf8Span.span.raw) }
        for domain in blockedDomains { query.add(.blockedAdvertiser, domain.utf8Span.span.raw) }
        for category in blockedCategories { query.add(.blockedCategory, category.utf8Span.span.raw) }
    }
}

extension Targeting {
    func holds(for viewer: Viewer) -> Bool {
        switch self {
        case .all(let terms): terms.allSatisfy { $0.holds(for: viewer) }
        case .any(let terms): terms.contains { $0.holds(for: viewer) }
        case .not(let term): !term.holds(for: viewer)
        case .values(let dimension, let names):
            (viewer.values[dimension] ?? []).contains { value in
                names.contains { dimension.ignoresCase ? $0.lowercased() == value.lowercased() : $0 == value }
            }
        case .radius(let circles):
            viewer.point.map { point in circles.contains { $0.kilometersTo(point) <= $0.radius } } ?? false
        case .daypart(let mask): mask.contains(viewer.minuteOfWeek / 15)
        }
    }
}

extension Circle {
    var radius: Double { Double(kilometers.rawValue) / 1_000_000 }

    /// The haversine formula, by the system's own sine.
    func kilometersTo(_ point: GlobePoint) -> Double {
        func radians(_ micros: Int64) -> Double { Double(micros) / 1_000_000 * .pi / 180 }
        let (a, b) = (radians(latitude.rawValue), radians(Int64(point.latitudeMicrodegrees)))
        let dx = radians(longitude.rawValue) - radians(Int64(point.longitudeMicrodegrees))
        let half = pow(sin((a - b) / 2), 2) + cos(a) * cos(b) * pow(sin(dx / 2), 2)
        return 2 * 6371.0088 * asin(min(1, half.squareRoot()))
    }
}

extension CatalogSource {
    /// The ids of the line items that a viewer may see.
    func found(for viewer: Viewer) -> Set<String> {
        let campaigns = Dictionary(uniqueKeysWithValues: campaigns.map { ($0.id, $0) })
        let creatives = Dictionary(uniqueKeysWithValues: creatives.map { ($0.id, $0) })
        let advertisers = Dictionary(uniqueKeysWithValues: advertisers.map { ($0.id, $0) })
        var found: Set<String> = []
        for item in lineItems {
            guard !item.paused, let campaign = campaigns[item.campaign], !campaign.paused,
                let advertiser = advertisers[campaign.advertiser]
            else { continue }
            let flight = item.flight ?? campaign.flight
            let approved = item.creatives.compactMap { creatives[$0] }.filter { $0.audit == .approved }
            let blocked = Set(viewer.blockedCategories.map { $0.lowercased() })
            let isShowable = approved.contains { viewer.formats.contains($0.format) }
            let isRefused = blocked.contains { category in
                advertiser.categories.contains { $0.lowercased() == category }
                    || approved.allSatisfy { $0.categories.contains { $0.lowercased() == category } }
            }
            if flight.start <= viewer.now, viewer.now < flight.end, isShowable, !isRefused,
                Set(advertiser.domains).isDisjoint(with: viewer.blockedDomains),
                item.expression.holds(for: viewer)
            {
                found.insert(item.id)
            }
        }
        return found
    }
}
