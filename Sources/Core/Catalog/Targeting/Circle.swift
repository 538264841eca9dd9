// Places on the globe: circles that line items aim at, and whether a viewer is in one. All of it with
// additions, multiplications, divisions and square roots alone, so that every machine decides the same.
public import Documents
public import Units

/// A place in millionths of a degree, about eleven centimetres.
public struct GlobePoint: Hashable, Sendable {
    public var latitudeMicrodegrees: Int32
    public var longitudeMicrodegrees: Int32

    /// Nil beyond the poles, or more than half a turn from Greenwich.
    public init?(latitudeMicrodegrees: Int64, longitudeMicrodegrees: Int64) {
        guard (-90_000_000...90_000_000).contains(latitudeMicrodegrees),
            (-180_000_000...180_000_000).contains(longitudeMicrodegrees)
        else { return nil }
        self.latitudeMicrodegrees = Int32(latitudeMicrodegrees)
        self.longitudeMicrodegrees = Int32(longitudeMicrodegrees)
    }
}

/// All places at most so far from one.
public struct Circle: DocumentObject, Hashable {
    public var latitude = Micros.zero
    public var longitude = Micros.zero
    public var kilometers = Micros.zero

    public init() {}

    public init(latitude: Micros, longitude: Micros, kilometers: Micros) {
        self.latitude = latitude
        self.longitude = longitude
        self.kilometers = kilometers
    }

    /// Larger areas have names: regions and countries.
    static let mostKilometers = Micros(1_000 * Micros.perUnit)

    package static let schema = Schema<Self>(
        "circle",
        [
            .required(
                "latitude", \.latitude, .decimal(Micros(-90_000_000)...Micros(90_000_000), unit: "degrees"),
                "North is positive."),
            .required(
                "longitude", \.longitude,
                .decimal(Micros(-180_000_000)...Micros(180_000_000), unit: "degrees"),
                "East is positive."),
            .required(
                "kilometers", \.kilometers, .decimal(Micros(1_000)...mostKilometers, unit: "kilometers"),
                "The radius along the ground."),
        ])

    public var center: GlobePoint? {
        GlobePoint(latitudeMicrodegrees: latitude.rawValue, longitudeMicrodegrees: longitude.rawValue)
    }
}

/// A point of the unit sphere.
struct UnitVector: Equatable, Sendable {
    var x: Double
    var y: Double
    var z: Double

    init(x: Double, y: Double, z: Double) {
        self.x = x
        self.y = y
        self.z = z
    }

    init(_ point: GlobePoint) {
        let latitude = Sine.of(microdegrees: point.latitudeMicrodegrees)
        let longitude = Sine.of(microdegrees: point.longitudeMicrodegrees)
        x = latitude.cosine * longitude.cosine
        y = latitude.cosine * longitude.sine
        z = latitude.sine
    }

    /// The square of the straight line between the two, through the globe.
    func squaredChord(to other: UnitVector) -> Double {
        let (dx, dy, dz) = (x - other.x, y - other.y, z - other.z)
        return dx * dx + dy * dy + dz * dz
    }
}

extension Circle {
    /// The mean radius of the Earth (IUGG). The Earth is not round: distances are right within half a percent.
    static let earthKilometers = 6371.0088

    /// The square of the longest chord from the centre that is still inside.
    var squaredChord: Double {
        let angle = Double(kilometers.rawValue) / Double(Micros.perUnit) / Self.earthKilometers
        let half = Sine.of(radians: angle / 2).sine
        return 4 * half * half
    }
}

/// Sine and cosine, to the last bit or two, by Taylor's series on an eighth of a turn.
enum Sine {
    static func of(microdegrees: Int32) -> (sine: Double, cosine: Double) {
        // Quarter turns are whole numbers here, so the reduction is exact.
        let quarter = 90_000_000
        let turns = (Int(microdegrees) + 45_000_000 + 4 * quarter) / quarter
        let rest = Int(microdegrees) - (turns - 4) * quarter
        let (sine, cosine) = of(radians: Double(rest) * (Double.pi / 180_000_000))
        switch turns & 3 {
        case 0: return (sine, cosine)
        case 1: return (cosine, -sine)
        case 2: return (-sine, -cosine)
        default: return (-cosine, sine)
        }
    }

    /// For angles of at most an eighth of a turn and a little more.
    static func of(radians angle: Double) -> (sine: Double, cosine: Double) {
        let square = angle * angle
        var sine = 0.0
        var cosine = 0.0
        // Eleven terms: the next one is below 2^-60 at an eighth of a turn.
        var n = 22.0
        while n >= 2 {
            cosine = 1 - square / (n * (n - 1)) * (n == 22 ? 1 : cosine)
            sine = 1 - square / (n * (n + 1)) * (n == 22 ? 1 : sine)
            n -= 2
        }
        return (angle * sine, cosine)
    }
}
