// What the testing macro cannot look into: calls that change a value, or values that are not copied.
import Testing

func expectTrue(_ holds: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(holds, sourceLocation: sourceLocation)
}
