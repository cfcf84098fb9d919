module example.com/shop/gateway

go 1.19

require golang.org/x/text v0.3.7
