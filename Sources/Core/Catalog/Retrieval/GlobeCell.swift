// A grid over the globe, one degree by one, that finds the few circles which may hold a viewer. It only has to
// leave none out; whether a viewer is in a circle is decided by the circle.
import Units

enum GlobeCell {
    /// Beyond any rounding of what is computed below, in degrees.
    private static let slack = 0.001

    static func key(_ point: GlobePoint) -> UInt32 {
        key(row(Int(point.latitudeMicrodegrees)), column(Int(point.longitudeMicrodegrees)))
    }

    private static func key(_ row: Int, _ column: Int) -> UInt32 { UInt32(row * 360 + column) }

    private static func row(_ microdegrees: Int) -> Int { min(179, (microdegrees + 90_000_000) / 1_000_000) }

    /// The two sides of the date line are one meridian.
    private static func column(_ microdegrees: Int) -> Int { (microdegrees + 180_000_000) / 1_000_000 % 360 }

    /// Every cell that a circle may touch.
    static func around(_ circle: Circle) -> [UInt32] {
        let latitude = Double(circle.latitude.rawValue) / 1_000_000
        let angle = Double(circle.kilometers.rawValue) / 1_000_000 / Circle.earthKilometers
        let reach = angle * 180 / Double.pi + slack
        let (south, north) = (max(-90, latitude - reach), min(90, latitude + reach))
        let rows = row(Int((south * 1_000_000).rounded(.down)))...row(Int((north * 1_000_000).rounded(.up)))
        var columns = 0...359
        if north < 90, south > -90 {
            // A circle around a place spans asin(sin(angle) / cos(latitude)) on either side, and asin(x) is at most
            // π/2 · x.
            let (sine, _) = Sine.of(radians: angle)
            let cosine = Sine.of(microdegrees: Int32(circle.latitude.rawValue)).cosine
            let half = (sine / cosine * 90 + slack).rounded(.up)
            if half < 180 {
                let center = column(Int(circle.longitude.rawValue))
                columns = (center - Int(half) - 1)...(center + Int(half) + 1)
                if columns.count >= 360 { columns = 0...359 }
            }
        }
        return rows.flatMap { row in columns.map { key(row, ($0 + 360) % 360) } }
    }
}
